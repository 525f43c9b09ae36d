// SPDX-License-Identifier: LGPL-2.1-or-later

//! Where the rows of a table are on the screen.

use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement};
use yew::NodeRef;

use super::{document, window};

/// What of a row can have the keyboard focus.
const CONTROLS: &str = "a, button, input";

/// The rows of a table that are in the document. All heights are in pixels, below the upper edge of
/// the screen.
pub struct Rows {
    table: HtmlElement,
    rows: Vec<Element>,
}

impl Rows {
    /// Those of this table; none when it has no row. A table within a row has rows of its own.
    pub fn of(table: &NodeRef) -> Option<Self> {
        let table = table.cast::<HtmlElement>()?;
        let found = table.query_selector_all(":scope > tbody > tr[data-row]").ok()?;
        let row = |idx| found.get(idx)?.dyn_into().ok();
        let rows: Vec<Element> = (0..found.length()).filter_map(row).collect();
        (!rows.is_empty()).then_some(Self { table, rows })
    }

    /// Whether something in a table has the keyboard focus.
    pub fn have_focus(table: &NodeRef) -> bool {
        let table = table.cast::<HtmlElement>();
        table.is_some_and(|table| table.contains(active().as_deref()))
    }

    /// How many they are.
    pub fn count(&self) -> u32 {
        self.rows.len() as u32
    }

    /// Where one begins; behind the last one, where the table ends.
    pub fn top(&self, row: u32) -> f64 {
        match self.rows.get(row as usize) {
            Some(row) => row.get_bounding_client_rect().top(),
            None => self.table.get_bounding_client_rect().bottom(),
        }
    }

    /// Where the table begins, with the heads of its columns.
    pub fn table_top(&self) -> f64 {
        self.table.get_bounding_client_rect().top()
    }

    /// How tall they are in the mean, without what they open to.
    pub fn mean_height(&self) -> f64 {
        let open = self.table.query_selector(":scope > tbody.pf-m-expanded").ok().flatten();
        if let (None, Some(last @ 1..)) = (open, self.count().checked_sub(1)) {
            // With the lines between them.
            return (self.top(last) - self.top(0)) / f64::from(last);
        }
        let heights = self.rows.iter().map(|row| row.get_bounding_client_rect().height());
        heights.sum::<f64>() / self.rows.len() as f64
    }

    /// What one is called.
    pub fn name(&self, row: u32) -> Option<String> {
        self.rows.get(row as usize)?.get_attribute("data-row")
    }

    /// The one of this name that is nearest to a place: a name may be there twice.
    pub fn find(&self, name: &str, near: u32) -> Option<u32> {
        let found = (0..self.count()).filter(|row| self.name(*row).as_deref() == Some(name));
        found.min_by_key(|row| row.abs_diff(near))
    }

    /// Scrolls what scrolls the table so many pixels down. What nobody sees is not worth it, for it
    /// ends a scrolling that is going on.
    pub fn scroll(&self, down: f64) {
        if let Some(place) = self.scroller().filter(|_| down.abs() >= 2.0) {
            place.scroll_by_with_x_and_y(0.0, down);
        }
    }

    /// Whether it is scrolled to its end.
    pub fn is_at_end(&self) -> bool {
        self.scroller().is_some_and(|place| {
            place.scroll_top() + place.client_height() >= place.scroll_height() - 2
        })
    }

    /// The page scrolls in its main part, or in what is around that.
    fn scroller(&self) -> Option<Element> {
        let mut place = self.table.closest("main").ok()??;
        while place.scroll_height() <= place.client_height() {
            place = place.parent_element()?;
        }
        Some(place)
    }

    /// What has the keyboard focus, if it is in one of these rows.
    pub fn focused(&self) -> Option<Focused> {
        let element = active()?;
        let row = self.rows.iter().find(|row| row.contains(Some(&element)))?;
        let controls = row.query_selector_all(CONTROLS).ok()?;
        let control = (0..controls.length())
            .find(|idx| controls.get(*idx).is_some_and(|it| it == *element))?;
        Some(Focused { row: row.get_attribute("data-row")?, element, control })
    }

    /// After the row went that had the focus: the table takes it, and when the row is there again, the
    /// row. `true`: that is done.
    pub fn refocus(&self, lost: &Focused) -> bool {
        let Some(now) = active() else { return true };
        let is_free = now.tag_name() == "BODY" || now == *self.table;
        if lost.element.is_connected() || !is_free {
            return true;
        }
        let control = || {
            let row = self.find(&lost.row, 0)?;
            let controls = self.rows.get(row as usize)?.query_selector_all(CONTROLS).ok()?;
            controls.get(lost.control)?.dyn_into::<HtmlElement>().ok()
        };
        let back = control();
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        // What takes no focus leaves it where it was.
        let _ = back.as_ref().unwrap_or(&self.table).focus_with_options(&options);
        back.is_some()
    }
}

/// Something in a row that had the keyboard focus.
pub struct Focused {
    element: Element,
    row: String,
    /// Which of the row's controls it was.
    control: u32,
}

fn active() -> Option<Element> {
    document()?.active_element()
}

/// The height of the screen.
pub fn screen_height() -> f64 {
    window().and_then(|window| window.inner_height().ok()?.as_f64()).unwrap_or(0.0)
}
