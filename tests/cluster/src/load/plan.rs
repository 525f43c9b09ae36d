// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which image is what, by its number alone: blocks of a hundred images and ten streams.

/// Where the ranks of images are still no larger than what their digests begin with.
pub(super) const MOST_IMAGES: u32 = 10_000_000;

const BLOCK: u32 = 100;
const STREAMS: u32 = 10;

/// The images of the ten streams of a whole block; the other five are in none.
const SHARES: [u32; STREAMS as usize] = [40, 8, 2, 18, 6, 1, 10, 4, 5, 1];

/// Streams of this size have indexes for three platforms, smaller ones for two.
const LARGE: u32 = 18;

/// Streams of this size have at least one index.
const WITH_INDEX: u32 = 5;

/// A load's plan.
#[derive(Debug)]
pub(super) struct Plan {
    images: u32,
    streams: u32,
    /// From number to rank, and back.
    step: u64,
    back: u64,
}

/// What an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A build of a stream, counted from the oldest; an index or a single image.
    Build(Stream, u32),
    /// A child of the index that is a build.
    Child(Stream, u32, u32),
    /// In no stream any more, but it was in that one.
    Orphan(u32),
}

/// A stream's part of the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stream {
    /// Its number, which is its rank.
    pub(super) number: u32,
    /// The number of its oldest build; then come all others, then the children.
    first: u32,
    images: u32,
}

impl Plan {
    /// The plan for so many images.
    pub(super) fn new(images: u32) -> Self {
        let images = images.clamp(1, MOST_IMAGES);
        let count = u64::from(images);
        // Near the golden ratio: neighbours in the order of digests have little in common.
        let mut step = (count * 618 / 1000).max(1);
        while gcd(step, count) != 1 {
            step += 1;
        }
        Self { images, streams: images.div_ceil(STREAMS), step, back: inverse(step, count) }
    }

    /// All images.
    pub(super) fn images(&self) -> u32 {
        self.images
    }

    /// All streams.
    pub(super) fn streams(&self) -> u32 {
        self.streams
    }

    /// All projects.
    pub(super) fn projects(&self) -> u32 {
        super::words::projects(self.streams)
    }

    /// The place of an image in the order of digests.
    pub(super) fn rank_of(&self, number: u32) -> u32 {
        self.times(number, self.step)
    }

    /// The image at a place in the order of digests.
    pub(super) fn number_at(&self, rank: u32) -> u32 {
        self.times(rank, self.back)
    }

    fn times(&self, number: u32, factor: u64) -> u32 {
        u32::try_from(u64::from(number) * factor % u64::from(self.images)).unwrap_or_default()
    }

    /// A stream's part.
    pub(super) fn stream(&self, number: u32) -> Stream {
        let block = number / STREAMS;
        let first =
            block * BLOCK + (0..number % STREAMS).map(|one| self.share(block, one)).sum::<u32>();
        Stream { number, first, images: self.share(block, number % STREAMS) }
    }

    /// What an image is.
    pub(super) fn place(&self, number: u32) -> Place {
        let block = number / BLOCK;
        let mut rest = number % BLOCK;
        let streams = self.streams_of(block);
        for one in 0..streams {
            let share = self.share(block, one);
            if rest < share {
                let stream =
                    Stream { number: block * STREAMS + one, first: number - rest, images: share };
                return stream.place(rest);
            }
            rest -= share;
        }
        Place::Orphan(block * STREAMS + rest % streams)
    }

    fn images_of(&self, block: u32) -> u32 {
        (self.images - block * BLOCK).min(BLOCK)
    }

    fn streams_of(&self, block: u32) -> u32 {
        self.images_of(block).div_ceil(STREAMS)
    }

    /// The images of one of a block's streams.
    fn share(&self, block: u32, one: u32) -> u32 {
        let images = self.images_of(block);
        if images == BLOCK {
            return SHARES[((one + block) % STREAMS) as usize];
        }
        let (inside, streams) = (images - images / 20, self.streams_of(block));
        inside / streams + u32::from(one < inside % streams)
    }
}

impl Stream {
    fn indexes(&self) -> u32 {
        if self.images < WITH_INDEX { 0 } else { ((self.images + 5) / 10).max(1) }
    }

    /// Images of an index.
    pub(super) fn children(&self) -> u32 {
        if self.images < LARGE { 2 } else { 3 }
    }

    /// Builds: what tags are on.
    pub(super) fn builds(&self) -> u32 {
        self.images - self.indexes() * self.children()
    }

    /// Which of the indexes a build is, if it is one. The newest build is one, if any is.
    pub(super) fn index(&self, build: u32) -> Option<u32> {
        let (builds, indexes) = (self.builds(), self.indexes());
        (0..indexes).find(|index| (index + 1) * builds / indexes == build + 1)
    }

    /// The number of a build's image.
    pub(super) fn build(&self, build: u32) -> u32 {
        self.first + build
    }

    /// The number of a child's image.
    pub(super) fn child(&self, index: u32, child: u32) -> u32 {
        self.first + self.builds() + index * self.children() + child
    }

    fn place(self, slot: u32) -> Place {
        let Some(child) = slot.checked_sub(self.builds()) else { return Place::Build(self, slot) };
        let (index, child) = (child / self.children(), child % self.children());
        let build = (index + 1) * self.builds() / self.indexes() - 1;
        Place::Child(self, build, child)
    }
}

fn gcd(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { gcd(other, one % other) }
}

/// The number that `step` times it is 1, but for multiples of `count`. They have no common divisor.
fn inverse(step: u64, count: u64) -> u64 {
    let modulus = i128::from(count);
    let (mut old, mut rest) = (i128::from(step), modulus);
    let (mut before, mut now) = (1_i128, 0_i128);
    while rest != 0 {
        let quotient = old / rest;
        (old, rest) = (rest, old - quotient * rest);
        (before, now) = (now, before - quotient * now);
    }
    u64::try_from(before.rem_euclid(modulus)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_has_one_place() {
        for images in [1, 2, 9, 10, 11, 99, 100, 101, 250, 1000, 4321] {
            let plan = Plan::new(images);
            let mut seen = vec![false; images as usize];
            let mut orphans = 0;
            for number in 0..images {
                assert_eq!(plan.number_at(plan.rank_of(number)), number, "{number} of {images}");
                let own = match plan.place(number) {
                    Place::Build(stream, build) => stream.build(build),
                    Place::Child(stream, build, child) => {
                        stream.child(stream.index(build).unwrap(), child)
                    }
                    Place::Orphan(stream) => {
                        assert!(stream < plan.streams());
                        orphans += 1;
                        number
                    }
                };
                assert_eq!(own, number);
                seen[own as usize] = true;
            }
            assert!(seen.into_iter().all(|seen| seen));
            let inside: u32 = (0..plan.streams()).map(|one| plan.stream(one).images).sum();
            assert_eq!(inside + orphans, images);
        }
    }

    #[test]
    fn a_tenth_are_indexes_and_a_twentieth_orphans() {
        let plan = Plan::new(10_000);
        let (mut indexes, mut orphans) = (0, 0);
        for number in 0..10_000 {
            match plan.place(number) {
                Place::Build(stream, build) => indexes += u32::from(stream.index(build).is_some()),
                Place::Child(..) => {}
                Place::Orphan(_) => orphans += 1,
            }
        }
        assert_eq!((indexes, orphans, plan.streams()), (1000, 500, 1000));
    }
}
