//! Which layers two images share.

use crate::engine::inspect::Layer;
use crate::oci::Digest;
use std::collections::HashMap;

/// A layer of one image or of both.
#[derive(Debug, Clone)]
pub enum LayerChange {
    /// Both have it.
    Shared(Layer),
    /// Only the second has it.
    Added(Layer),
    /// Only the first has it.
    Removed(Layer),
}

/// The layers of both, by digest and as often as they are there: first those of `new` in their
/// order, then those that only `old` has.
pub fn layers(old: &[Layer], new: &[Layer]) -> Vec<LayerChange> {
    let mut left: HashMap<&Digest, usize> = HashMap::new();
    for layer in old {
        *left.entry(layer.descriptor.digest()).or_default() += 1;
    }
    let mut changes = Vec::with_capacity(old.len() + new.len());
    for layer in new {
        let shared = take(&mut left, layer);
        let change = if shared {
            LayerChange::Shared
        } else {
            LayerChange::Added
        };
        changes.push(change(layer.clone()));
    }
    // The last of several alike are those that are gone.
    let mut removed: Vec<LayerChange> = Vec::new();
    for layer in old.iter().rev() {
        if take(&mut left, layer) {
            removed.push(LayerChange::Removed(layer.clone()));
        }
    }
    changes.extend(removed.into_iter().rev());
    changes
}

/// Whether the layers that both have are in another order.
pub fn is_reordered(old: &[Layer], new: &[Layer]) -> bool {
    let kept = |from: &[Layer], of: &[Layer]| {
        let mut left: HashMap<&Digest, usize> = HashMap::new();
        for layer in of {
            *left.entry(layer.descriptor.digest()).or_default() += 1;
        }
        let shared = from.iter().filter(|layer| take(&mut left, layer));
        let digests = shared.map(|layer| layer.descriptor.digest().clone());
        digests.collect::<Vec<_>>()
    };
    kept(old, new) != kept(new, old)
}

fn take(left: &mut HashMap<&Digest, usize>, layer: &Layer) -> bool {
    match left.get_mut(layer.descriptor.digest()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::digest::sha256;
    use crate::oci::{Descriptor, MediaType};
    use proptest::prelude::*;

    fn stack(letters: &str) -> Vec<Layer> {
        let layer = |letter: char| Layer {
            descriptor: Descriptor::new(
                MediaType::ImageLayerGzip,
                u64::from(letter),
                sha256(letter.to_string().as_bytes()),
            ),
            step: None,
        };
        letters.chars().map(layer).collect()
    }

    fn size(change: &LayerChange) -> u64 {
        let (LayerChange::Shared(layer) | LayerChange::Added(layer) | LayerChange::Removed(layer)) =
            change;
        layer.descriptor.size()
    }

    /// `=a` shared, `+a` added, `-a` removed.
    fn shown(changes: &[LayerChange]) -> String {
        let shown = changes.iter().map(|change| {
            let sign = match change {
                LayerChange::Shared(_) => '=',
                LayerChange::Added(_) => '+',
                LayerChange::Removed(_) => '-',
            };
            let letter = u32::try_from(size(change)).ok().and_then(char::from_u32);
            format!("{sign}{}", letter.unwrap_or('?'))
        });
        shown.collect()
    }

    #[test]
    fn layers_are_told_apart_by_digest_and_number() {
        for (old, new, expected) in [
            ("", "", ""),
            ("ab", "ab", "=a=b"),
            ("ab", "ac", "=a+c-b"),
            ("ab", "ba", "=b=a"),
            ("", "a", "+a"),
            ("a", "", "-a"),
            ("aab", "ab", "=a=b-a"),
            ("ab", "aab", "=a+a=b"),
        ] {
            assert_eq!(
                shown(&layers(&stack(old), &stack(new))),
                expected,
                "{old} {new}"
            );
        }
    }

    #[test]
    fn another_order_is_told_from_what_is_new_or_gone() {
        for (old, new, expected) in [
            ("ab", "ab", false),
            ("ab", "ba", true),
            ("abc", "xacy", false),
            ("abc", "ca", true),
            ("aab", "ab", false),
            ("aba", "baa", true),
        ] {
            let found = is_reordered(&stack(old), &stack(new));
            assert_eq!(found, expected, "{old} {new}");
        }
    }

    proptest! {
        #[test]
        fn every_layer_is_there_once(old in "[a-d]{0,8}", new in "[a-d]{0,8}") {
            let changes = layers(&stack(&old), &stack(&new));
            let sorted = |keep: fn(&LayerChange) -> bool| {
                let mut sizes: Vec<u64> = changes.iter().filter(|c| keep(c))
                    .map(size).collect();
                sizes.sort_unstable();
                sizes
            };
            let letters = |text: &str| {
                let mut letters: Vec<u64> = text.chars().map(u64::from).collect();
                letters.sort_unstable();
                letters
            };
            prop_assert_eq!(sorted(|c| !matches!(c, LayerChange::Added(_))), letters(&old));
            prop_assert_eq!(sorted(|c| !matches!(c, LayerChange::Removed(_))), letters(&new));
        }
    }
}
