use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;

use super::*;
use crate::SeededRandom;

const SHA: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const BOOKS: Signed<'static> = Signed { connector: "acme.books", version: "1.4.0", sha256: SHA };

/// The secret key of the first test of RFC 8032, section 7.1.
const RFC: &str = "patchbay-signing-key 1\nnWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n";

fn key() -> SigningKey {
    SigningKey::from_text(RFC).unwrap()
}

fn signed() -> Document {
    sign(&key(), BOOKS)
}

/// Documents and keys of others are checked by tools that know none of our code: what is written stays as it is.
#[test]
fn a_known_key_makes_a_known_signature() {
    let document = signed();
    assert_eq!(document.key, "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    assert_eq!(key().public().fingerprint(), "SHA256:If4x36FUomFia/hUBG/SJxt77UtqvkWqWId+9H+XIbk");
    assert_eq!(document.signature, VECTOR);
    assert_eq!(
        BOOKS.message(),
        format!("patchbay-sign/1\nacme.books\n1.4.0\n{SHA}\n"),
        "four lines, each with its end, and nothing else"
    );
    let read = Document::read(document.to_json().as_bytes()).unwrap();
    assert_eq!(read.verify(BOOKS).unwrap(), key().public());
}

const VECTOR: &str = "ZGfysZGG86wct1CEYnoPKyY+OI/+yiFwJLiKxaBddmwmZ3IBrx+WQn8tlaBv6x+Ai4avVb+FV5oN0Vd440GsCw==";

#[test]
fn a_signature_of_something_else_says_of_what() {
    for (is, what) in [
        (Signed { connector: "acme.bookz", ..BOOKS }, "the connector \"acme.books\""),
        (Signed { version: "1.4.1", ..BOOKS }, "version \"1.4.0\""),
        (Signed { sha256: "00", ..BOOKS }, "the bytes \"9f86d0"),
    ] {
        let error = signed().verify(is).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
}

/// Whoever edits what the document says, so that it fits other bytes, has not the key to sign it.
#[test]
fn a_document_that_was_made_to_fit_is_wrong() {
    let other = SigningKey::fresh(&SeededRandom::new(7));
    let of = |change: &dyn Fn(&mut Document)| {
        let mut document = signed();
        change(&mut document);
        let is = Signed { connector: &document.connector, version: &document.version, sha256: &document.sha256 };
        document.verify(is)
    };
    for change in [
        &|document: &mut Document| document.version = "1.4.1".to_owned(),
        &|document: &mut Document| document.connector = "acme.evil".to_owned(),
        &|document: &mut Document| document.sha256 = "0".repeat(64),
        &|document: &mut Document| document.key = other.public().to_string(),
        &|document: &mut Document| document.signature = BASE64_STANDARD.encode([0; 64]),
    ] as [&dyn Fn(&mut Document); 5]
    {
        assert!(matches!(of(change), Err(SignatureError::Wrong(_))));
    }
    assert!(of(&|_| ()).is_ok());
}

#[test]
fn what_is_no_document_is_refused_with_what_it_is_not() {
    let good = signed().to_json();
    for (bytes, why) in [
        (good.replace('}', ""), "cannot be read"),
        (good.replace("\"sha256\"", "\"sha512\""), "unknown field"),
        (good.replace('{', "{\"more\": 1, "), "unknown field"),
        (good.replace('{', "{\"version\": \"2\", "), "duplicate field"),
        (format!("{good}{good}"), "trailing"),
        (format!("{good}x"), "trailing"),
        (good.replace("patchbay-sign/1", "patchbay-sign/2"), "patchbay-sign/2"),
        (" ".repeat(LONGEST + 1), "8192 are the most"),
        ("[]".to_owned(), "cannot be read"),
        ("[".repeat(8_000), "cannot be read"),
        (String::new(), "cannot be read"),
    ] {
        let error = Document::read(bytes.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(why), "{error} does not say {why:?}");
    }
    for (from, to, why) in [
        ("\"signature\": \"", "\"signature\": \" ", "`signature`"),
        ("==\"", "=\"", "`signature`"),
        ("11qYAY", "11qYA", "32 bytes"),
        ("HURo=", "HURp=", "32 bytes"),
    ] {
        assert!(good.contains(from), "{from}");
        let error = Document::read(good.replacen(from, to, 1).as_bytes()).unwrap().verify(BOOKS).unwrap_err();
        assert!(error.to_string().contains(why), "{error} does not say {why:?}");
    }
}

/// The points of small order, for which a signature of one text fits many, and spellings that no key has.
#[test]
fn a_key_for_which_anything_is_signed_is_none() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut order_two = [0xff; 32];
    (order_two[0], order_two[31]) = (0xec, 0x7f);
    // The identity again, by a number above the prime.
    let mut above = [0xff; 32];
    (above[0], above[31]) = (0xee, 0x7f);
    // A key as everybody writes it, with a sign that its x of zero does not have.
    let mut negative = identity;
    negative[31] = 0x80;
    for bytes in [[0; 32], identity, order_two, above, negative] {
        assert!(PublicKey::from_text(&BASE64_STANDARD.encode(bytes)).is_err(), "{bytes:?}");
    }
    assert_eq!(PublicKey::from_text("").unwrap_err(), KeyError::Shape);
}

/// The order of the group added to the second half makes bytes that loose checks take for the same signature.
#[test]
fn a_second_spelling_of_a_signature_is_wrong() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut bytes = BASE64_STANDARD.decode(signed().signature).unwrap();
    let mut carry = 0;
    for (byte, more) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert_eq!(carry, 0);
    let document = Document { signature: BASE64_STANDARD.encode(bytes), ..signed() };
    assert!(matches!(document.verify(BOOKS), Err(SignatureError::Wrong(_))));
}

#[test]
fn a_key_file_is_read_as_it_was_written_and_nothing_else_is() {
    let fresh = SigningKey::fresh(&SeededRandom::new(1));
    assert_eq!(SigningKey::from_text(&fresh.to_text()).unwrap().public(), fresh.public());
    assert_eq!(*key().to_text(), RFC);
    let line = RFC.lines().nth(1).unwrap();
    for (text, error) in [
        (line.to_owned(), KeyError::Header),
        (format!("patchbay-key 1\n{line}\n"), KeyError::Header),
        (format!("{RFC}{line}\n"), KeyError::Shape),
        ("patchbay-signing-key 1\n".to_owned(), KeyError::Shape),
        (RFC.replace("nWGx", "nWG"), KeyError::Shape),
    ] {
        assert_eq!(SigningKey::from_text(&text).map(|key| key.public()).unwrap_err(), error, "{text}");
    }
}

#[test]
fn the_publisher_stands_before_the_dot() {
    assert_eq!((publisher("acme.books"), publisher("acme")), ("acme", "acme"));
}

proptest! {
    #[test]
    fn what_was_signed_is_verified_and_one_changed_byte_is_not(
        seed: u64, connector in "[a-z]{1,9}\\.[a-z-]{1,9}", version in "[0-9]\\.[0-9]\\.[0-9]", at in 0_usize..2_000, bit in 0_u8..8,
    ) {
        let key = SigningKey::fresh(&SeededRandom::new(seed));
        let is = Signed { connector: &connector, version: &version, sha256: SHA };
        let document = sign(&key, is);
        prop_assert_eq!(document.verify(is).unwrap(), key.public());
        let mut json = document.to_json().into_bytes();
        let at = at % json.len();
        json[at] ^= 1 << bit;
        // Spaces between the members say nothing; whatever still reads as the same document is the same.
        match Document::read(&json) {
            Ok(read) if read == document => {}
            Ok(read) => prop_assert!(read.verify(is).is_err()),
            Err(_) => {}
        }
    }

    #[test]
    fn whatever_is_read_breaks_nothing(bytes: Vec<u8>) {
        if let Ok(document) = Document::read(&bytes) {
            prop_assert!(document.verify(BOOKS).is_err());
        }
    }
}
