//! What a new version of a text says otherwise, paragraph by paragraph. Pure.

/// One paragraph of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Same(String),
    Added(String),
    Removed(String),
}

/// Paragraphs of a text: what stands between empty lines.
pub(super) fn paragraphs(text: &str) -> Vec<&str> {
    text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()).collect()
}

/// The paragraphs of both texts in order: those in common once, what only the old one has before what only the new one has.
/// At most a few hundred paragraphs, so the table of the longest common row is small.
pub(super) fn compare(old: &str, new: &str) -> Vec<Part> {
    let (old, new) = (paragraphs(old), paragraphs(new));
    // longest[i][j]: paragraphs in common of old[i..] and new[j..].
    let mut longest = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] = if old[i] == new[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut parts = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            parts.push(Part::Same(new[j].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || longest[i + 1][j] >= longest[i][j + 1]) {
            parts.push(Part::Removed(old[i].to_owned()));
            i += 1;
        } else {
            parts.push(Part::Added(new[j].to_owned()));
            j += 1;
        }
    }
    parts
}

/// How many paragraphs were added and how many removed.
pub(super) fn counts(parts: &[Part]) -> (usize, usize) {
    let added = parts.iter().filter(|part| matches!(part, Part::Added(_))).count();
    let removed = parts.iter().filter(|part| matches!(part, Part::Removed(_))).count();
    (added, removed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_changed_paragraph_stands_as_removed_and_added() {
        let parts = compare("One.\n\nTwo.\n\nThree.", "One.\n\nTwo, and more.\n\nThree.\n\nFour.\n");
        let text = |part: &str| part.to_owned();
        assert_eq!(
            parts,
            [
                Part::Same(text("One.")),
                Part::Removed(text("Two.")),
                Part::Added(text("Two, and more.")),
                Part::Same(text("Three.")),
                Part::Added(text("Four.")),
            ]
        );
        assert_eq!(counts(&parts), (2, 1));
    }

    proptest! {
        /// What is the same or removed is the old text, what is the same or added the new one.
        #[test]
        fn both_texts_can_be_read_off(old in prop::collection::vec("[a-c]", 0..8), new in prop::collection::vec("[a-c]", 0..8)) {
            let parts = compare(&old.join("\n\n"), &new.join("\n\n"));
            let read = |skip_added: bool| -> Vec<String> {
                parts.iter().filter_map(|part| match part {
                    Part::Same(text) => Some(text.clone()),
                    Part::Added(text) if !skip_added => Some(text.clone()),
                    Part::Removed(text) if skip_added => Some(text.clone()),
                    _ => None,
                }).collect()
            };
            prop_assert_eq!(read(true), old);
            prop_assert_eq!(read(false), new);
        }
    }
}
