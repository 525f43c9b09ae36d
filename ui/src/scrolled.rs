// SPDX-License-Identifier: LGPL-2.1-or-later

//! Lists of which only the rows that are seen are in the document. One listener hears that something
//! was scrolled, at most once for each frame, and every list looks then which of its rows are seen.
//!
//! Rows may be of any height, and those that are not there are taken for as tall as the others in the
//! mean. So that nothing moves when they come, the row that is seen first is put back to where it was.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use yew::prelude::*;

use crate::browser::rows::{Focused, Rows, screen_height};
use crate::browser::{self, Timer};
use crate::state::window::{Drawn, Window};

/// The height of a row before one was measured.
const ROW: f64 = 41.0;
/// Milliseconds between the last move and the change of the address.
const ADDRESS_DELAY: u32 = 100;

/// What [`use_scrolled`] gives.
#[derive(Clone)]
pub struct Scrolled {
    /// The window that is to be asked for.
    pub window: Window,
    list: Rc<List>,
}

/// A list as it is drawn.
#[derive(Clone)]
pub struct Shown {
    list: Rc<List>,
    drawn: Drawn,
    /// The height of the rows that are missing above and below, in whole pixels.
    missing: (u32, u32),
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        let same_list = Rc::ptr_eq(&self.list, &other.list);
        same_list && self.drawn == other.drawn && self.missing == other.missing
    }
}

impl Scrolled {
    /// Draws this many of all rows, the first of which has this place.
    pub fn show(&self, offset: u32, rows: usize, total: u32) -> Shown {
        let list = &self.list;
        let drawn = Drawn { offset, rows: rows as u32, total };
        let row = drawn.row_height(list.height.get());
        let height = |rows: u32| (f64::from(rows) * row) as u32;
        let missing = (height(offset), height(drawn.missing_below()));
        list.drawn.set(drawn);
        list.row.set(row);
        list.missing.set(missing);
        Shown { list: list.clone(), drawn, missing }
    }
}

impl Shown {
    /// The table.
    pub fn table(&self) -> NodeRef {
        self.list.table.clone()
    }

    /// The height of the rows that are missing above and below.
    pub fn missing(&self) -> (u32, u32) {
        self.missing
    }

    /// Whether it has rows that are not in the document.
    pub fn is_part(&self) -> bool {
        self.drawn.is_part()
    }

    /// Scrolls so many pixels down because of a key.
    pub fn jump(&self, event: &KeyboardEvent, down: f64) {
        if let Some(rows) = Rows::of(&self.list.table) {
            rows.scroll(down);
            event.prevent_default();
            event.stop_propagation();
        }
    }

    /// How many rows it has in all.
    pub fn total(&self) -> u32 {
        self.drawn.total
    }

    /// How many rows the whole list has, its head included, for assistive technology; absent where
    /// it sees them all.
    pub fn row_count(&self) -> Option<String> {
        self.is_part().then(|| self.drawn.total.saturating_add(1).to_string())
    }

    /// The same for the place of a row that is in the document.
    pub fn row_index(&self, row: usize) -> Option<String> {
        let place = self.drawn.offset.saturating_add(row as u32).saturating_add(2);
        self.is_part().then(|| place.to_string())
    }
}

struct List {
    table: NodeRef,
    /// What is listed; the rows of something else begin at their top.
    which: RefCell<String>,
    /// What is asked for.
    window: Cell<Window>,
    /// How many rows were seen when it was last looked at.
    seen: Cell<u32>,
    /// Its beginning is above the screen.
    is_below: Cell<bool>,
    /// What was in the document when it was last looked at.
    settled: Cell<Option<Drawn>>,
    /// What is in the document.
    drawn: Cell<Drawn>,
    missing: Cell<(u32, u32)>,
    /// The height of each row that is not in the document.
    row: Cell<f64>,
    /// The height of those that are, in the mean.
    height: Cell<f64>,
    is_measured: Cell<bool>,
    /// The first row that is seen, as the address last said.
    address: Cell<u32>,
    /// The same as it was last seen, which the address is told a moment later.
    told: Cell<u32>,
    /// The same as this list wrote it into the address. That the address says so afterwards, when the
    /// list may be elsewhere already, is no reason to go back there.
    written: Cell<Option<u32>>,
    /// The row that is to be scrolled to when it is there.
    aim: Cell<Option<u32>>,
    anchor: RefCell<Option<Anchor>>,
    focused: RefCell<Option<Focused>>,
    tell: RefCell<Callback<u32>>,
    telling: RefCell<Option<Timer>>,
    draw: Callback<()>,
}

/// What stays where it is while rows come and go.
enum Anchor {
    /// A row, its place in the list, and how far below the upper edge of the screen it is.
    Row { name: String, place: u32, top: f64 },
    /// The end of the page, whose rows are not there yet.
    End,
}

/// A list that is scrolled to the row `from` as the address says. `which` names what is listed;
/// `tell` hears to which row it was scrolled.
#[hook]
pub fn use_scrolled(from: u32, which: &str, tell: Callback<u32>) -> Scrolled {
    let update = use_force_update();
    let list = use_memo((), |()| List {
        table: NodeRef::default(),
        which: RefCell::new(which.to_owned()),
        window: Cell::new(Window::at(from, room())),
        seen: Cell::new(room()),
        is_below: Cell::new(from > 0),
        settled: Cell::default(),
        drawn: Cell::default(),
        missing: Cell::default(),
        row: Cell::new(ROW),
        height: Cell::new(ROW),
        is_measured: Cell::new(false),
        address: Cell::new(from),
        told: Cell::new(from),
        written: Cell::default(),
        aim: Cell::new(Some(from).filter(|from| *from > 0)),
        anchor: RefCell::default(),
        focused: RefCell::default(),
        tell: RefCell::default(),
        telling: RefCell::default(),
        draw: Callback::from(move |()| update.force_update()),
    });
    use_effect_with((), {
        let list = list.clone();
        move |()| listen(&list)
    });
    list.begin(from, which);
    list.tell.replace(tell);
    list.remember();
    use_effect({
        let list = list.clone();
        move || list.settle()
    });
    Scrolled { window: list.window.get(), list }
}

impl List {
    /// Goes to the beginning of other rows, and to where the address says if it changed by itself.
    fn begin(&self, from: u32, which: &str) {
        let is_other = *self.which.borrow() != which;
        let is_moved = self.address.replace(from) != from && self.written.get() != Some(from);
        if is_other || is_moved {
            self.which.replace(which.to_owned());
            self.told.set(from);
            self.written.set(None);
            self.telling.take();
            self.window.set(Window::at(from, self.seen.get()));
            self.aim.set(Some(from));
        }
    }

    /// Before rows come and go: remembers what is to stay where it is.
    fn remember(&self) {
        // It is drawn once more before anything was put back: what was remembered first counts.
        if self.anchor.borrow().is_some() {
            return;
        }
        if !self.is_below.get() && !Rows::have_focus(&self.table) {
            return;
        }
        let rows = Rows::of(&self.table);
        let anchor = rows.as_ref().and_then(|rows| {
            let place = Place::of(self, rows);
            if place.start >= 0.0 {
                return None;
            }
            let first = place.first();
            let row = first.checked_sub(place.drawn.offset).filter(|row| *row < rows.count());
            match row.and_then(|row| Some((rows.name(row)?, rows.top(row)))) {
                Some((name, top)) => Some(Anchor::Row { name, place: first, top }),
                None => rows.is_at_end().then_some(Anchor::End),
            }
        });
        self.anchor.replace(anchor);
        if let Some(focused) = rows.and_then(|rows| rows.focused()) {
            self.focused.replace(Some(focused));
        }
    }

    /// Afterwards: puts it back there, and looks what is seen now.
    fn settle(self: &Rc<Self>) {
        let (anchor, drawn) = (self.anchor.take(), self.drawn.get());
        // To look where rows are has the browser lay all of them out: not for each key.
        let is_other = self.settled.replace(Some(drawn)) != Some(drawn);
        let is_moved = self.is_below.get() || self.aim.get().is_some_and(|aim| aim > 0);
        if !is_other && !is_moved && self.focused.borrow().is_none() {
            self.aim.set(None);
            return;
        }
        let Some(rows) = Rows::of(&self.table) else { return };
        self.measure(&rows);
        match (self.aim.get(), anchor) {
            (Some(aim), _) => {
                let last = drawn.total.saturating_sub(1);
                let row = aim.min(last).checked_sub(drawn.offset);
                // It is on its way.
                let Some(row) = row.filter(|row| *row < rows.count()) else { return };
                match aim {
                    0 => rows.scroll(rows.table_top().min(0.0)),
                    _ => rows.scroll(rows.top(row)),
                }
                if aim > last {
                    // A list that is being filled ends before it.
                    return;
                }
                self.aim.set(None);
            }
            (None, Some(Anchor::Row { name, place, top })) => {
                let near = place.saturating_sub(drawn.offset);
                if let Some(row) = rows.find(&name, near) {
                    rows.scroll(rows.top(row) - top);
                }
            }
            (None, Some(Anchor::End)) => rows.scroll(f64::from(i32::MAX)),
            (None, None) => {}
        }
        let lost = self.focused.take().filter(|_| drawn.is_part());
        self.focused.replace(lost.filter(|lost| !rows.refocus(lost)));
        self.look();
    }

    /// Takes the height of rows anew when it is quite another one, as in a window of another width.
    fn measure(&self, rows: &Rows) {
        let (height, known) = (rows.mean_height(), self.height.get());
        let is_other = !self.is_measured.get() || (height - known).abs() > known / 10.0;
        if height > 1.0 && is_other {
            self.is_measured.set(true);
            self.height.set(height);
            if self.drawn.get().is_part() {
                self.draw.emit(());
            }
        }
    }

    /// Looks which rows are seen, and has others drawn if there are too few around them.
    fn look(self: &Rc<Self>) {
        let Some(rows) = Rows::of(&self.table) else { return };
        if let Some(aim) = self.aim.get() {
            if aim < self.drawn.get().total || rows.is_at_end() {
                return;
            }
            // Somebody does not want to wait for a row that the list does not have.
            self.aim.set(None);
        }
        let place = Place::of(self, &rows);
        self.is_below.set(place.start < 0.0);
        let first = place.first();
        let seen = first..place.row_at(screen_height()).saturating_add(1);
        let total = place.drawn.total;
        if seen.end < total {
            self.seen.set(seen.end - first);
        }
        if !self.window.get().is_enough(&seen, total) {
            self.window.set(Window::around(&seen, total));
            self.draw.emit(());
        }
        if self.told.replace(first) != first {
            let list = Rc::downgrade(self);
            *self.telling.borrow_mut() = Timer::after(ADDRESS_DELAY, move || {
                if let Some(list) = list.upgrade() {
                    list.written.set(Some(first));
                    let tell = list.tell.borrow().clone();
                    tell.emit(first);
                }
            });
        }
    }
}

/// How many rows fit on the screen, before one was measured.
fn room() -> u32 {
    (screen_height() / ROW).ceil() as u32
}

/// Where a list is on the screen.
struct Place<'a> {
    rows: &'a Rows,
    drawn: Drawn,
    /// The height of each row that is not in the document.
    row: f64,
    /// Where its first row would begin, below the upper edge of the screen.
    start: f64,
    /// How far below that the rows end that are in the document.
    end: f64,
}

impl<'a> Place<'a> {
    fn of(list: &List, rows: &'a Rows) -> Self {
        let (above, below) = list.missing.get();
        let start = rows.top(0) - f64::from(above);
        let drawn = Drawn { rows: rows.count(), ..list.drawn.get() };
        let end = rows.top(drawn.rows) - f64::from(below) - start;
        Self { rows, drawn, row: list.row.get(), start, end }
    }

    /// The row at a height below the upper edge of the screen.
    fn row_at(&self, y: f64) -> u32 {
        self.drawn.row_at(y - self.start, self.row, |row| match row < self.drawn.rows {
            true => self.rows.top(row) - self.start,
            false => self.end,
        })
    }

    /// The first row that is seen. That of a list which begins on the screen is its first.
    fn first(&self) -> u32 {
        if self.start >= 0.0 { 0 } else { self.row_at(0.0) }
    }
}

thread_local! {
    /// The lists of the page, and whether somebody listens for them.
    static LISTS: RefCell<Option<Vec<Weak<List>>>> = const { RefCell::new(None) };
}

/// From now on the list looks whenever something was scrolled.
fn listen(list: &Rc<List>) {
    let is_first = LISTS.with_borrow_mut(|lists| {
        let is_first = lists.is_none();
        let lists = lists.get_or_insert_default();
        lists.retain(|list| list.strong_count() > 0);
        lists.push(Rc::downgrade(list));
        is_first
    });
    if is_first {
        browser::on_scroll(|| {
            let lists = LISTS.with_borrow(|lists| lists.clone().unwrap_or_default());
            lists.iter().filter_map(Weak::upgrade).for_each(|list| list.look());
        });
    }
}
