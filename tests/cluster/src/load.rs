// SPDX-License-Identifier: LGPL-2.1-or-later
//! A load: images and streams of any number that nobody pushed and nobody keeps in memory.
//!
//! Each object is made from the seed and its number when it is asked for, so that the same seed
//! is the same data. Objects have a rank, their place in the order of keys: a page of a list is a
//! range of ranks. What somebody writes lies over them: see [`crate::store`].
//!
//! Of a hundred images 95 are in the history of ten streams, or children of an index in one, and
//! five are in none; ten are indexes. Their contents are in no registry: only the API knows them.

mod events;
mod image;
mod noise;
mod plan;
mod profile;
pub(crate) mod registry;
mod stream;
mod words;

use crate::image::layers::Contents;
use crate::image::object::{INTERNAL, reference};
use crate::resource::{IMAGE_STREAMS, IMAGES, Resource};
use noise::Noise;
use plan::Plan;
use profile::Profile;

/// When the youngest image was pushed: 2025-12-01.
const NEWEST: i64 = 1_764_547_200;

/// The first version of a made object: what is written before is older.
const FIRST_VERSION: u64 = 601;

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Images, of all kinds.
    pub images: u32,
    /// The same number makes the same images.
    pub seed: u64,
}

impl std::str::FromStr for Size {
    type Err = String;

    /// Reads `IMAGES` or `IMAGES,SEED`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (images, seed) = text.split_once(',').unwrap_or((text, "1"));
        let size = images.parse().ok().zip(seed.parse().ok());
        let size = size.filter(|(images, _)| (1..=plan::MOST_IMAGES).contains(images));
        let (images, seed) = size.ok_or_else(|| {
            format!("'{text}' is not IMAGES or IMAGES,SEED, with 1 to {} images", plan::MOST_IMAGES)
        })?;
        Ok(Self { images, seed })
    }
}

/// A load.
#[derive(Debug)]
pub(crate) struct Load {
    noise: Noise,
    plan: Plan,
    profiles: Vec<Profile>,
    /// The registry's address for clients outside, if it has one.
    public: Option<String>,
}

impl Load {
    /// The load of that size; `public` is the registry's address for clients outside.
    pub(crate) fn new(size: Size, public: Option<String>) -> Self {
        let noise = Noise::new(size.seed);
        let profiles = Profile::all(noise);
        Self { noise, plan: Plan::new(size.images), profiles, public }
    }

    /// The version of the youngest object.
    pub(crate) fn version(&self) -> u64 {
        FIRST_VERSION + u64::from(self.plan.images()) + u64::from(self.plan.streams()) - 1
    }

    /// The projects that the streams are in.
    pub(crate) fn projects(&self) -> impl Iterator<Item = String> {
        (0..self.plan.projects()).map(|project| words::project(project, self.plan.projects()))
    }

    /// How many objects of a kind were made.
    pub(crate) fn count(&self, resource: &Resource) -> u32 {
        if resource == &IMAGES {
            self.plan.images()
        } else if resource == &IMAGE_STREAMS {
            self.plan.streams()
        } else {
            0
        }
    }

    /// The key of an object.
    pub(crate) fn key(&self, resource: &Resource, rank: u32) -> String {
        if resource == &IMAGES { self.digest_at(rank) } else { self.stream_key(rank) }
    }

    /// The rank of a key, or else the rank of the first object behind it.
    pub(crate) fn position(&self, resource: &Resource, key: &str) -> Result<u32, u32> {
        let count = self.count(resource);
        if resource == &IMAGES
            && let Some(near) = noise::rank_of(key, count)
        {
            return match self.digest_at(near).as_str().cmp(key) {
                std::cmp::Ordering::Less => Err(near + 1),
                std::cmp::Ordering::Equal => Ok(near),
                std::cmp::Ordering::Greater => Err(near),
            };
        }
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.key(resource, middle).as_str().cmp(key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// The text of an object, without `kind` and `apiVersion`.
    pub(crate) fn item(&self, resource: &Resource, rank: u32) -> String {
        if resource == &IMAGES { self.image(self.plan.number_at(rank)) } else { self.stream(rank) }
    }

    /// The text of an object's metadata.
    pub(crate) fn metadata(&self, resource: &Resource, rank: u32) -> String {
        if resource == &IMAGES {
            self.image_metadata(self.plan.number_at(rank))
        } else {
            self.stream_metadata(rank)
        }
    }

    /// What an image consists of; none if it is not of this load.
    pub(crate) fn contents(&self, digest: &str) -> Option<Contents> {
        let rank = self.position(&IMAGES, digest).ok()?;
        Some(self.contents_of(self.plan.number_at(rank)))
    }

    /// The digest of an image by its number.
    fn digest(&self, number: u32) -> String {
        self.noise.digest_at(self.plan.rank_of(number), number, self.plan.images())
    }

    fn digest_at(&self, rank: u32) -> String {
        self.noise.digest_at(rank, self.plan.number_at(rank), self.plan.images())
    }

    /// Namespace and name of a stream.
    fn stream_name(&self, stream: u32) -> (String, String) {
        words::names(stream, self.plan.streams())
    }

    fn stream_key(&self, stream: u32) -> String {
        let (mut key, name) = self.stream_name(stream);
        key.push('/');
        key.push_str(&name);
        key
    }
}

/// A time in the form of Kubernetes.
fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}
