//! Tables in Markdown, which also read well on a terminal.

/// Formats a table. The first `text_columns` columns are aligned to the left, and the others to the right.
pub fn table(text_columns: usize, head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<_> = head.iter().map(|&cell| cell.to_owned()).collect();
    let width = |column: usize| rows.iter().chain([&head]).map(|row| row[column].len()).max().unwrap_or(0).max(2);
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let dashes = |(column, width): (usize, &usize)| match column < text_columns {
        true => "-".repeat(*width),
        false => "-".repeat(width - 1) + ":",
    };
    let rule = widths.iter().enumerate().map(dashes).collect();
    let mut out = String::new();
    for row in [&head, &rule].into_iter().chain(rows) {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            out += &if column < text_columns { format!("| {cell:<width$} ") } else { format!("| {cell:>width$} ") };
        }
        out += "|\n";
    }
    out
}
