// SPDX-License-Identifier: LGPL-2.1-or-later
//! What the configurations of a stream's images have in common: environment and labels, which are
//! most of the bytes of an Image.

use super::noise::{For, Noise};
use super::words;

/// How many different ones there are.
const COUNT: u64 = 64;

/// Bytes of an Image with the smallest and the largest of them, about.
const SMALLEST: u64 = 5_800;
const LARGEST: u64 = 23_500;

/// Bytes of an Image besides its configuration, about: metadata, layers, what differs from build
/// to build.
const REST: u64 = 2_600;

/// The text of a configuration, around the labels that differ from build to build.
#[derive(Debug)]
pub(super) struct Profile {
    /// Whether Docker's builder made the images: they have the older types, and the configuration
    /// twice.
    pub(super) docker: bool,
    /// From the opening brace to within the labels.
    pub(super) head: String,
    /// The rest of the labels and the closing braces.
    pub(super) tail: String,
}

impl Profile {
    /// All of them.
    pub(super) fn all(noise: Noise) -> Vec<Self> {
        (0..COUNT).map(|number| Self::new(noise, number)).collect()
    }

    /// The one of a stream.
    pub(super) fn of(all: &[Self], noise: Noise, stream: u32) -> Option<&Self> {
        let at = noise.below(For::Profile, u64::from(stream), all.len() as u64);
        all.get(usize::try_from(at).ok()?)
    }

    fn new(noise: Noise, number: u64) -> Self {
        // Most are small.
        let share = number * number * (LARGEST - SMALLEST) / ((COUNT - 1) * (COUNT - 1));
        let docker = number.is_multiple_of(2);
        let size = (SMALLEST + share - REST) / if docker { 2 } else { 1 };
        let size = usize::try_from(size).unwrap_or_default();
        let port = 8000 + number;
        let mut head = String::from("{");
        if docker {
            head.push_str(r#""User":"1001","#);
        }
        head.push_str(&format!(
            r#""ExposedPorts":{{"{port}/tcp":{{}}}},"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","container=oci""#
        ));
        let mut draws = (0..).map(|draw| noise.draw(For::Text, number << 32 | draw));
        let mut draw = || draws.next().unwrap_or_default();
        while head.len() < size / 2 {
            let (first, second) = (words::word(draw()), words::word(draw()));
            let name = format!("{first}_{second}").to_uppercase();
            head.push_str(&format!(r#","{name}={}""#, value(&mut draw)));
        }
        head.push_str(&format!(
            r#"],"Cmd":["{}","--listen=:{port}"],"WorkingDir":"/opt/app-root/src","#,
            words::word(draw())
        ));
        head.push_str(r#""Entrypoint":["container-entrypoint"],"Labels":{"#);
        let mut tail = String::from(
            r#","architecture":"x86_64","maintainer":"Example, Inc.","vendor":"Example, Inc.""#,
        );
        for label in 0.. {
            if head.len() + tail.len() >= size {
                break;
            }
            let (first, second) = (words::word(draw()), words::word(draw()));
            tail.push_str(&format!(
                r#","com.example.{first}.{second}-{label}":"{}""#,
                value(&mut draw)
            ));
        }
        tail.push_str("}}");
        Self { docker, head, tail }
    }
}

/// A version, an address, or words.
fn value(draw: &mut impl FnMut() -> u64) -> String {
    let number = draw();
    match number % 4 {
        0 => format!("{}.{}.{}", number >> 8 & 15, number >> 16 & 31, number >> 24 & 63),
        1 => format!("https://{}.example.com/{}", words::word(draw()), words::word(number >> 8)),
        2 => format!("{:016x}", draw()),
        _ => {
            let count = 3 + number / 4 % 10;
            let all: Vec<_> = (0..count).map(|_| words::word(draw())).collect();
            all.join(" ")
        }
    }
}
