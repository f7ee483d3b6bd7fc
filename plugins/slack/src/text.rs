//! What Slack takes for markup, and lengths.
//!
//! `&`, `<` and `>` of a text are sent as entities, and nothing else is: so a text can mention nobody and call no channel
//! together, whoever wrote it. Lengths are counted as sent.

/// The text as Slack shows it letter by letter.
pub(crate) fn escaped(text: &str) -> String {
    let mut sent = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => sent.push_str("&amp;"),
            '<' => sent.push_str("&lt;"),
            '>' => sent.push_str("&gt;"),
            other => sent.push(other),
        }
    }
    sent
}

/// The same in one line.
pub(crate) fn line(text: &str) -> String {
    escaped(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// How long a text is as sent.
pub(crate) fn length(sent: &str) -> usize {
    sent.chars().count()
}

/// The beginning of a text, escaped, with an ellipsis, so that it has so many characters at most. No entity is cut in two.
pub(crate) fn beginning(text: &str, room: usize) -> String {
    let mut left = room.saturating_sub(1);
    let taken: String = text
        .chars()
        .take_while(|letter| {
            let needs = match letter {
                '&' => 5,
                '<' | '>' => 4,
                _ => 1,
            };
            let fits = needs <= left;
            left = left.saturating_sub(needs);
            fits
        })
        .collect();
    format!("{}…", escaped(taken.trim_end()))
}

/// A name for a file: no folder, nothing that a computer refuses, at most 120 characters before its ending.
pub(crate) fn file_name(title: &str) -> String {
    let plain = |letter: char| if letter.is_control() || "/\\:*?\"<>|".contains(letter) { ' ' } else { letter };
    let name: String = title.chars().map(plain).collect();
    let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect();
    let name = name.trim_matches(['.', ' ']);
    if name.is_empty() { "Message.txt".to_owned() } else { format!("{name}.txt") }
}

#[cfg(test)]
mod tests {
    use super::{beginning, escaped, file_name, length, line};

    #[test]
    fn a_text_can_neither_mention_nor_link() {
        assert_eq!(escaped("<!channel> & <@U1> > x"), "&lt;!channel&gt; &amp; &lt;@U1&gt; &gt; x");
        assert_eq!(line(" A &\n B "), "A &amp; B");
    }

    #[test]
    fn a_beginning_keeps_to_its_room_and_cuts_no_entity() {
        for room in 1..40 {
            let cut = beginning("a&b<c>d & some more of it", room);
            assert!(length(&cut) <= room, "{room}: {cut}");
            assert!(!cut.trim_end_matches('…').ends_with("&a"), "{cut}");
            let plain = cut.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            assert!(!plain.contains('&'), "{cut}");
        }
    }

    #[test]
    fn a_title_becomes_a_name_without_a_folder() {
        assert_eq!(file_name("Verslag 12/03: \"De Molen\""), "Verslag 12 03 De Molen.txt");
        assert_eq!(file_name("../.."), "Message.txt");
        assert_eq!(file_name(""), "Message.txt");
    }
}
