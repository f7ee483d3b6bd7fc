//! Key files, good and bad.

use data_encoding::HEXLOWER;
use patchbay_model::SeededRandom;

use super::*;

fn write(bytes: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    fs::write(&path, bytes).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode set");
    (folder, path)
}

fn key() -> String {
    "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF".to_owned()
}

#[test]
fn the_first_start_makes_a_key_that_only_its_owner_reads_and_later_starts_read_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    let made = read_or_create(&path, &SeededRandom::new(1)).expect("made");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o7777, 0o600);
    let again = read_or_create(&path, &SeededRandom::new(2)).expect("read");
    assert_eq!(made.current, again.current);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_missing_file_is_not_made_by_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    assert!(matches!(read(&path), Err(KeyFileError::Io { .. })));
    assert!(!path.exists());
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let text = format!("{HEADER}\n{}\n", key());
    for mode in [0o640, 0o604, 0o660, 0o601, 0o644, 0o777] {
        let (_folder, path) = write(text.as_bytes(), mode);
        assert!(matches!(read(&path), Err(KeyFileError::Open { mode: told, .. }) if told == mode), "{mode:o}");
        assert!(read_or_create(&path, &SeededRandom::new(1)).is_err());
    }
    let (_folder, path) = write(text.as_bytes(), 0o400);
    assert!(read(&path).is_ok());
}

#[test]
fn what_is_not_a_key_is_refused_and_kept() {
    let zeros = format!("{HEADER}\n{}\n", "0".repeat(64));
    let odd = format!("{HEADER}\n{}\n", &key()[1..]);
    let short = format!("{HEADER}\n{}\n", &key()[2..]);
    let long = format!("{HEADER}\n{}00\n", key());
    let letters = format!("{HEADER}\n{}\n", "g".repeat(64));
    let second = format!("{HEADER}\n{}\nnonsense\n", key());
    let bare = format!("{}\n", key());
    let rows: [&[u8]; 12] = [
        b"",
        &[7; 31],
        &[0; 32],
        &[7; 33],
        HEADER.as_bytes(),
        zeros.as_bytes(),
        odd.as_bytes(),
        short.as_bytes(),
        long.as_bytes(),
        letters.as_bytes(),
        second.as_bytes(),
        bare.as_bytes(),
    ];
    for row in rows {
        let (_folder, path) = write(row, 0o600);
        let refused = read_or_create(&path, &SeededRandom::new(1)).err();
        assert!(matches!(refused, Some(KeyFileError::Malformed { .. })), "{row:?}: {refused:?}");
        assert_eq!(fs::read(&path).expect("kept"), row);
    }
    let (_folder, path) = write(&vec![b'x'; 100_000], 0o600);
    assert!(read(&path).is_err());
    assert!(matches!(read(Path::new("/")), Err(KeyFileError::Malformed { .. })));
}

#[test]
fn the_first_key_line_is_current_and_the_others_are_retired() {
    let text = format!("{HEADER}\n# made in November\n\n{}\n{}\n", key(), "0f".repeat(31) + "00");
    let (_folder, path) = write(text.as_bytes(), 0o600);
    let keys = read(&path).expect("read");
    assert_eq!(HEXLOWER.encode(keys.current.as_slice()), key().to_lowercase());
    assert_eq!(keys.retired.len(), 1);
}

#[test]
fn thirty_two_raw_bytes_are_a_key() {
    let raw: [u8; 32] = std::array::from_fn(|at| at as u8);
    let (_folder, path) = write(&raw, 0o600);
    assert_eq!(*read(&path).expect("read").current, raw);
}

#[test]
fn an_error_names_the_file_and_no_part_of_the_key() {
    let (_folder, path) = write(format!("{HEADER}\n{}\n", &key()[..60]).as_bytes(), 0o600);
    let printed = format!("{:?}", Fault::from(read(&path).err().expect("refused")));
    assert!(printed.contains("key") && !printed.contains(&key()[..8]), "{printed}");
}

#[test]
fn from_elsewhere_a_key_is_a_line_raw_bytes_or_the_text_of_a_file() {
    let raw: [u8; 32] = std::array::from_fn(|at| at as u8);
    let file = format!("{HEADER}\n{}\n{}\n", key(), "0f".repeat(31) + "00");
    for (bytes, retired) in [
        (key().into_bytes(), 0),
        (format!("  {}\r\n", key()).into_bytes(), 0),
        (raw.to_vec(), 0),
        (file.clone().into_bytes(), 1),
    ] {
        let keys = read_text(&bytes, "PATCHBAY_KEY").expect("a key");
        assert_eq!(keys.retired.len(), retired);
    }
    let ring = |bytes: &[u8]| crate::KeyRing::from_text(bytes, "PATCHBAY_KEY");
    let (_folder, path) = write(file.as_bytes(), 0o600);
    let of_file = crate::KeyRing::open(&path).expect("read");
    assert_eq!(ring(key().as_bytes()).expect("a key").current_number(), of_file.current_number());
    assert_eq!(ring(key().to_lowercase().as_bytes()).expect("a key").check_value(), of_file.check_value());
}

#[test]
fn from_elsewhere_what_is_no_key_is_refused_by_the_name_of_its_source() {
    let (zeros, key) = ("0".repeat(64), key());
    let rows: [&[u8]; 10] = [
        b"",
        b"\n",
        &[7; 31],
        &[0; 32],
        &key.as_bytes()[1..],
        zeros.as_bytes(),
        HEADER.as_bytes(),
        b"not a key, but rather some text about one that is long",
        &[0xff; 64],
        &[b'x'; 100_000],
    ];
    for row in rows {
        let error = crate::KeyRing::from_text(row, "the command `pass show key`").expect_err("refused");
        let printed = format!("{error} {error:?} {:?}", Fault::from(error_again(row)));
        assert!(matches!(error, KeyFileError::NotAKey { .. }) && printed.contains("pass show"), "{printed}");
        assert!(!printed.contains("0123456") && !printed.contains("0000000"), "{printed}");
    }
    let two = format!("{key}\n{key}");
    assert!(crate::KeyRing::from_text(two.as_bytes(), "PATCHBAY_KEY").is_err(), "two lines need the header");
}

fn error_again(bytes: &[u8]) -> KeyFileError {
    read_text(bytes, "the command `pass show key`").err().expect("refused")
}
