//! Splits a sequence of messages into batches within the limits of SNS.

use std::ops::Range;

/// Maximum number of messages in one call of SNS.
pub const MAX_ENTRIES: usize = 10;

/// Maximum size of one call of SNS in bytes: all messages with their attributes.
pub const MAX_BYTES: usize = 256 * 1024;

/// Returns the batches, in order, for messages of `sizes` bytes. Each batch is a range of positions.
///
/// A message that exceeds the maximum gets its own batch, so that SNS refuses no other message with it.
pub fn split(sizes: &[usize]) -> Vec<Range<usize>> {
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
        fn every_message_is_in_exactly_one_batch_and_in_order(sizes in vec(0..300_000_usize, 0..120)) {
            let positions: Vec<usize> = split(&sizes).into_iter().flatten().collect();
            prop_assert_eq!(positions, (0..sizes.len()).collect::<Vec<_>>());
        }

        #[test]
        fn no_batch_exceeds_the_limits_unless_a_single_message_does(sizes in vec(0..300_000_usize, 0..120)) {
            for batch in split(&sizes) {
                prop_assert!((1..=MAX_ENTRIES).contains(&batch.len()));
                prop_assert!(batch.len() == 1 || sizes[batch].iter().sum::<usize>() <= MAX_BYTES);
            }
        }

        #[test]
        fn a_batch_ends_only_if_the_next_message_would_exceed_a_limit(sizes in vec(0..300_000_usize, 0..120)) {
            for pair in split(&sizes).windows(2) {
                let (first, next) = (&pair[0], pair[1].start);
                let bytes = sizes[first.clone()].iter().sum::<usize>() + sizes[next];
                prop_assert!(first.len() == MAX_ENTRIES || bytes > MAX_BYTES);
            }
        }
    }
}
