// SPDX-License-Identifier: LGPL-2.1-or-later

//! How time and memory grow with the registry: the same at a thousand, ten thousand, a hundred thousand
//! and a million images, as a drawing.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use images_tests::cluster::{Cluster, Face};

use crate::large;
use crate::memory::{MIB, resident};

/// Numbers of images.
const SIZES: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// What was measured at one size.
pub(crate) struct Point {
    images: u32,
    cold: Duration,
    memory: u64,
    search: Duration,
}

pub(crate) async fn measure() -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for images in SIZES {
        let cluster = Cluster::start_loaded(Face::Openshift, images)?;
        let mut login = large::login(&cluster).await?;
        let words = large::words(&mut login.session, images / 10).await?;
        let times = large::search(&mut login.session, &words).await?;
        let point = Point {
            images,
            cold: login.whole,
            memory: resident(login.pid()?)?,
            search: large::percentile(times, 99),
        };
        login.session.end().await?;
        points.push(point);
    }
    Ok(points)
}

/// The drawing's size, and the margins around the lines.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 170.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 50.0;

/// Powers of ten at the ends of the upright axis.
const LOWEST: f64 = -5.0;
const HIGHEST: f64 = 4.0;

struct Line {
    name: &'static str,
    color: &'static str,
    value: fn(&Point) -> f64,
    text: fn(&Point) -> String,
}

const LINES: [Line; 3] = [
    Line {
        name: "memory",
        color: "#5e40be",
        value: |point| point.memory as f64 / MIB as f64,
        text: |point| format!("{} MiB", point.memory / MIB),
    },
    Line {
        name: "cold index",
        color: "#0066cc",
        value: |point| point.cold.as_secs_f64(),
        text: |point| format!("{:.1} s", point.cold.as_secs_f64()),
    },
    Line {
        name: "search, p99",
        color: "#ca6c0f",
        value: |point| point.search.as_secs_f64(),
        text: |point| format!("{:.2} ms", point.search.as_secs_f64() * 1000.0),
    },
];

/// Both axes by powers of ten: what grows with the data is a straight line as steep as the grid.
pub(crate) fn drawing(points: &[Point]) -> String {
    let across = |images: u32| {
        let place = (f64::from(images).log10() - 3.0) / 3.0;
        LEFT + place * (WIDTH - LEFT - RIGHT)
    };
    let down = |value: f64| {
        let place = (value.log10().clamp(LOWEST, HIGHEST) - LOWEST) / (HIGHEST - LOWEST);
        HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM)
    };
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' font-family='sans-serif' font-size='12'>\n\
         <rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>\n"
    );
    let mut put = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    for power in (LOWEST as i32)..=(HIGHEST as i32) {
        let y = down(10_f64.powi(power));
        put(format!("<path d='M{LEFT} {y:.1}H{:.1}' stroke='#ddd'/>", WIDTH - RIGHT));
    }
    for images in SIZES {
        let x = across(images);
        put(format!("<path d='M{x:.1} {TOP}V{:.1}' stroke='#ddd'/>", HEIGHT - BOTTOM));
        let label = match images {
            1_000_000.. => format!("{}M", images / 1_000_000),
            _ => format!("{}k", images / 1000),
        };
        put(format!(
            "<text x='{x:.1}' y='{:.1}' text-anchor='middle'>{label}</text>",
            HEIGHT - BOTTOM + 18.0
        ));
    }
    put(format!(
        "<text x='{:.1}' y='{:.1}' text-anchor='middle'>images, in a tenth as many repositories</text>",
        LEFT + (WIDTH - LEFT - RIGHT) / 2.0,
        HEIGHT - 12.0
    ));
    for Line { name, color, value, text } in LINES {
        let mut path = String::new();
        for (at, point) in points.iter().enumerate() {
            let (x, y) = (across(point.images), down(value(point)));
            let _ = write!(path, "{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' });
            put(format!("<circle cx='{x:.1}' cy='{y:.1}' r='3' fill='{color}'/>"));
            put(format!(
                "<text x='{x:.1}' y='{:.1}' text-anchor='middle' fill='{color}' font-size='10'>{}</text>",
                y - 7.0,
                text(point)
            ));
        }
        put(format!("<path d='{path}' fill='none' stroke='{color}' stroke-width='2'/>"));
        if let Some(last) = points.last() {
            put(format!(
                "<text x='{:.1}' y='{:.1}' fill='{color}'>{name}</text>",
                across(last.images) + 45.0,
                down(value(last)) + 4.0
            ));
        }
    }
    svg + "</svg>\n"
}
