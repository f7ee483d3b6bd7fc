//! A table of three columns, for what was proved and for how long it took.

use std::time::Duration;

/// Lays out rows under a head.
pub(crate) fn lay_out(head: [&str; 3], rows: &[[String; 3]]) -> String {
    let mut widths = head.map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let [first, second, third] = widths;
    let line = |[a, b, c]: [&str; 3]| format!("  {a:<first$}  {b:>second$}  {c}\n").trim_end().to_owned() + "\n";
    let rule = "─".repeat(first + second + third + 6);
    let mut text = format!("{}{rule}\n", line(head));
    for [a, b, c] in rows {
        text.push_str(&line([a, b, c]));
    }
    text
}

/// A time as a person reads it.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            ["a".to_owned(), "1.0 s".to_owned(), "yes".to_owned()],
            ["bcd".to_owned(), "10.0 s".to_owned(), String::new()],
        ];
        assert_eq!(
            lay_out(["step", "time", "proof"], &rows),
            "  step    time  proof\n─────────────────────\n  a      1.0 s  yes\n  bcd   10.0 s\n"
        );
    }
}
