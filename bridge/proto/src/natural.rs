// SPDX-License-Identifier: LGPL-2.1-or-later

//! The order in which people expect names: numbers by value, so `v2` stands before `v10`.

use std::cmp::Ordering;

/// Compares byte by byte, but runs of digits by their value. Names that are equal so (`v1` and
/// `v01`) are ordered by their bytes: only equal texts are equal.
pub fn compare(left: &str, right: &str) -> Ordering {
    // What both start with, but for a number that may go on, orders nothing.
    let same = left.bytes().zip(right.bytes()).take_while(|(a, b)| a == b).count();
    let number =
        left.as_bytes()[..same].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (mut a, mut b) = (&left.as_bytes()[same - number..], &right.as_bytes()[same - number..]);
    loop {
        let (numbers_a, numbers_b) = (digits(a), digits(b));
        if numbers_a > 0 && numbers_b > 0 {
            let (run_a, rest_a) = a.split_at(numbers_a);
            let (run_b, rest_b) = b.split_at(numbers_b);
            let (value_a, value_b) = (without_zeros(run_a), without_zeros(run_b));
            let order = value_a.len().cmp(&value_b.len()).then_with(|| value_a.cmp(value_b));
            if order.is_ne() {
                return order;
            }
            (a, b) = (rest_a, rest_b);
        } else {
            match (a.split_first(), b.split_first()) {
                (Some((x, rest_a)), Some((y, rest_b))) if x == y => (a, b) = (rest_a, rest_b),
                (Some((x, _)), Some((y, _))) => return x.cmp(y),
                (None, None) => return left.cmp(right),
                (x, y) => return x.is_some().cmp(&y.is_some()),
            }
        }
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn without_zeros(run: &[u8]) -> &[u8] {
    let zeros = run.iter().take_while(|byte| **byte == b'0').count();
    &run[zeros..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_by_value() {
        let sorted = ["1.9", "1.10", "9", "10", "latest", "v1", "v01", "v2", "v2-rc1", "v10"];
        let mut names = sorted;
        names.reverse();
        names.sort_by(|a, b| compare(a, b));
        // `v01` and `v1` are the same number; bytes decide.
        let expected = ["1.9", "1.10", "9", "10", "latest", "v01", "v1", "v2", "v2-rc1", "v10"];
        assert_eq!(names, expected);
    }

    proptest! {
        #[test]
        fn is_a_total_order(a in "[a0-2.]{0,6}", b in "[a0-2.]{0,6}", c in "[a0-2.]{0,6}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le(), "{} {} {}", a, b, c);
            }
        }
    }
}
