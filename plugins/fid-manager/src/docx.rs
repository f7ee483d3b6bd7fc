//! A text as a Word document: FID-Manager takes files, and a meeting's report may be a text.
//!
//! A `.docx` is a ZIP archive of three small XML files. They are stored, not compressed, so an archive is its parts one
//! after the other and a list of them. The same text gives the same bytes.

pub(crate) const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

const TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
    <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
    <Override PartName=\"/word/document.xml\" \
    ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
const RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" \
    Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
    Target=\"word/document.xml\"/></Relationships>";
/// Characters of a file's name.
const NAME: usize = 100;

/// The document of a title and a text; each line is a paragraph.
pub(crate) fn of(title: &str, text: &str) -> Vec<u8> {
    let title = paragraph(title, "<w:rPr><w:b/><w:sz w:val=\"32\"/></w:rPr>");
    let text: String = text.lines().map(|line| paragraph(line, "")).collect();
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{title}{text}\
         <w:sectPr><w:pgSz w:w=\"11906\" w:h=\"16838\"/>\
         <w:pgMar w:top=\"1417\" w:right=\"1417\" w:bottom=\"1417\" w:left=\"1417\"/></w:sectPr></w:body></w:document>"
    );
    archive(&[("[Content_Types].xml", TYPES), ("_rels/.rels", RELATIONS), ("word/document.xml", &document)])
}

/// A file's name for a title.
pub(crate) fn name(title: &str) -> String {
    let kept = |letter: char| if letter.is_alphanumeric() || " -_.,()".contains(letter) { letter } else { '-' };
    let name: String = title.chars().take(NAME).map(kept).collect();
    let name = name.trim().trim_matches('.');
    if name.is_empty() { "report.docx".to_owned() } else { format!("{name}.docx") }
}

fn paragraph(text: &str, look: &str) -> String {
    format!("<w:p><w:r>{look}<w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>", escape(text))
}

/// As it stands in XML; what XML cannot say at all is left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' => escaped.push(letter),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A ZIP archive of stored files.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut bytes, mut list) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let (at, size) = (long(bytes.len()), long(content.len()));
        let mut head = Vec::new();
        // Version 2.0, UTF-8 names, stored, 1 January 1980.
        for half in [20_u16, 0x0800, 0, 0, 0x0021] {
            head.extend(half.to_le_bytes());
        }
        head.extend(checksum(content.as_bytes()).to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend(short(name.len()).to_le_bytes());
        head.extend([0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&head);
        bytes.extend(name.as_bytes());
        bytes.extend(content.as_bytes());
        list.extend(b"PK\x01\x02\x14\x00");
        list.extend(&head);
        // No comment, first disk, no attributes.
        list.extend([0; 10]);
        list.extend(at.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let (begin, size, count) = (long(bytes.len()), long(list.len()), short(files.len()));
    bytes.extend(&list);
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes.extend(begin.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// Three small files never come near either limit.
fn long(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn short(size: usize) -> u16 {
    u16::try_from(size).unwrap_or(u16::MAX)
}

/// CRC-32, as ZIP has it.
fn checksum(bytes: &[u8]) -> u32 {
    let turned = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    });
    !turned
}

#[cfg(test)]
mod tests {
    use super::{checksum, name, of};

    #[test]
    fn the_checksum_is_the_one_of_zip() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_name_stays_a_name() {
        assert_eq!(name("Verslag 21/11: Zoë"), "Verslag 21-11- Zoë.docx");
        assert_eq!(name("  ..  "), "report.docx");
    }

    #[test]
    fn a_text_is_a_paragraph_a_line_and_never_markup() {
        let bytes = of("Bakkerij & Zonen", "een <b>\u{0}twee\ndrie");
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("Bakkerij &amp; Zonen"), "{text}");
        assert!(text.contains(">een &lt;b&gt;twee</w:t>") && text.contains(">drie</w:t>"), "{text}");
        assert_eq!(bytes, of("Bakkerij & Zonen", "een <b>\u{0}twee\ndrie"));
    }
}
