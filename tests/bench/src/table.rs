//! Figures as a person reads them.

/// Rows under headings; the first column left, the others right.
pub(crate) fn lay_out(headings: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        let heading = headings.get(column).map_or(0, |heading| heading.chars().count());
        cells.chain([heading]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::from(" ");
        for (at, (cell, width)) in cells.zip(&widths).enumerate() {
            let cell = if at == 0 { format!(" {cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&cell);
        }
        format!("{}\n", text.trim_end())
    };
    let mut text = line(&mut headings.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// With a mark at each thousand.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let text = lay_out(&["what", "n"], &[vec!["a".to_owned(), "1,000".to_owned()]]);
        assert_eq!(text, "  what      n\n  a     1,000\n");
        assert_eq!((grouped(1_234_567.4), grouped(12.0)), ("1,234,567".to_owned(), "12".to_owned()));
    }
}
