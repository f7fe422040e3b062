//! Cutting a sequence of messages into the batches that SNS takes.

use std::ops::Range;

/// The most messages that SNS takes in one call.
pub const MAX_ENTRIES: usize = 10;

/// The most bytes that SNS takes in one call, over all messages with their attributes.
pub const MAX_BYTES: usize = 256 * 1024;

/// The batches, in order, for messages of these sizes in bytes: each a range of positions.
///
/// A message that is too large for any batch gets one of its own, so that its refusal harms no neighbour.
pub fn cut(sizes: &[usize]) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (position, size) in sizes.iter().enumerate() {
        let full = position - start == MAX_ENTRIES || bytes + size > MAX_BYTES;
        if full && position > start {
            batches.push(start..position);
            (start, bytes) = (position, 0);
        }
        bytes += size;
    }
    if start < sizes.len() {
        batches.push(start..sizes.len());
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn every_message_is_in_one_batch_and_in_order(sizes in vec(0..300_000_usize, 0..120)) {
            let positions: Vec<usize> = cut(&sizes).into_iter().flatten().collect();
            prop_assert_eq!(positions, (0..sizes.len()).collect::<Vec<_>>());
        }

        #[test]
        fn no_batch_is_larger_than_sns_allows_unless_one_message_is(sizes in vec(0..300_000_usize, 0..120)) {
            for batch in cut(&sizes) {
                prop_assert!((1..=MAX_ENTRIES).contains(&batch.len()));
                prop_assert!(batch.len() == 1 || sizes[batch].iter().sum::<usize>() <= MAX_BYTES);
            }
        }

        #[test]
        fn no_two_neighbouring_batches_would_fit_into_one_call(sizes in vec(0..300_000_usize, 0..120)) {
            for pair in cut(&sizes).windows(2) {
                let (first, next) = (&pair[0], pair[1].start);
                let bytes = sizes[first.clone()].iter().sum::<usize>() + sizes[next];
                prop_assert!(first.len() == MAX_ENTRIES || bytes > MAX_BYTES);
            }
        }
    }
}
