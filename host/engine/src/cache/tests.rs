use std::os::unix::fs::symlink;

use super::*;

const DIGEST: [u8; 32] = [7; 32];

fn cache(folder: &Path, key: u8) -> Cache {
    let engine = Engine::new(&crate::config::shared().expect("settings")).expect("an engine");
    Cache::open(folder, [key; 32], &engine).expect("a cache")
}

/// A cache with one entry, and where that is.
fn kept() -> (tempfile::TempDir, Cache, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path(), 1);
    cache.put(&DIGEST, &code()).expect("written");
    let path = cache.path(&DIGEST);
    (folder, cache, path)
}

fn code() -> Artefact {
    Artefact::of_child(b"code".to_vec())
}

/// Why the entry is not taken; it is gone then, and what is written afterwards is taken.
fn refusal(cache: &Cache) -> String {
    let refusal = cache.read(&DIGEST).expect_err("a refusal").to_string();
    assert!(cache.get(&DIGEST).is_none());
    assert!(fs::symlink_metadata(cache.path(&DIGEST)).is_err(), "{refusal}: it is still there");
    cache.put(&DIGEST, &code()).expect("written");
    assert_eq!(cache.get(&DIGEST).expect("an entry").bytes(), b"code");
    refusal
}

#[test]
fn an_entry_comes_back_to_its_own_key_and_digest_only() {
    let (folder, ours, _) = kept();
    assert_eq!(ours.get(&DIGEST).expect("an entry").bytes(), b"code");
    assert!(ours.get(&[8; 32]).is_none());
    assert!(cache(folder.path(), 2).get(&DIGEST).is_none());
}

#[test]
fn every_changed_byte_makes_it_a_miss_that_is_removed() {
    let (_folder, cache, path) = kept();
    let length = HEADER + 4;
    for at in 0..length {
        cache.put(&DIGEST, &code()).expect("written");
        let mut bytes = fs::read(&path).expect("read");
        assert_eq!(bytes.len(), length);
        bytes[at] ^= 1;
        fs::write(&path, bytes).expect("written");
        assert!(cache.get(&DIGEST).is_none(), "byte {at}");
        assert!(!path.exists(), "byte {at}");
    }
}

#[test]
fn each_trick_is_told_by_its_own_words() {
    let (folder, cache, path) = kept();
    let whole = fs::read(&path).expect("read");
    let with = |bytes: &[u8]| fs::write(&path, bytes).expect("written");

    with(&whole[..HEADER + 1]);
    assert!(refusal(&cache).contains("cut off or lengthened: it has 169 bytes and says 172"));
    with(&[&whole[..], b"more"].concat());
    assert!(refusal(&cache).contains("cut off or lengthened"));
    with(b"\x7fELF what a stranger compiled");
    assert!(refusal(&cache).contains("no entry of this cache"));
    let stranger = [b"\x7fELF".as_slice(), &[0; 400]].concat();
    with(&stranger);
    assert!(refusal(&cache).contains("no entry of this cache"));
    let mut edited = whole.clone();
    edited[HEADER] ^= 1;
    with(&edited);
    assert!(refusal(&cache).contains("changed after it was written"));

    // Another component's entry, under this one's name.
    cache.put(&[8; 32], &code()).expect("written");
    fs::rename(cache.path(&[8; 32]), &path).expect("swapped");
    assert!(refusal(&cache).contains(&format!("another component ({})", "08".repeat(32))));

    // The same component's, by a host with another key, another version, or other settings.
    let mut other = self::cache(&folder.path().join("other"), 2);
    for (change, says) in [
        ((|_| ()) as fn(&mut Cache), "a key that is not this host's"),
        (|other| other.sealer.wasmtime[..6].copy_from_slice(b"48.0.7"), "wasmtime 48.0.7"),
        (|other| other.sealer.settings = [9; 32], "other settings"),
    ] {
        other.sealer = Sealer { ..self::cache(&folder.path().join("other"), 2).sealer };
        change(&mut other);
        other.put(&DIGEST, &code()).expect("written");
        fs::rename(other.path(&DIGEST), &path).expect("moved");
        let refusal = refusal(&cache);
        assert!(refusal.contains(says), "{refusal}");
    }
}

#[test]
fn what_is_no_plain_file_is_neither_followed_nor_waited_for() {
    let (folder, cache, path) = kept();
    // A link to what would be taken if it stood here itself.
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&path, &elsewhere).expect("moved");
    symlink(&elsewhere, &path).expect("a link");
    assert!(refusal(&cache).contains("no plain file"));
    assert!(elsewhere.exists(), "the link goes, not what it pointed to");
    fs::remove_file(&path).expect("removed");
    fs::create_dir_all(path.join("inner")).expect("a folder");
    assert!(refusal(&cache).contains("no plain file"));
    fs::remove_file(&path).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo").success());
    assert!(refusal(&cache).contains("no plain file"));
}

#[test]
fn what_others_may_write_is_not_taken() {
    let (folder, cache, path) = kept();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("a mode");
    assert!(refusal(&cache).contains("may write to it"));
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("a mode");
    assert!(refusal(&cache).contains("folder was open for others"));
    // Found at the start as well, and closed.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o770)).expect("a mode");
    let cache = self::cache(folder.path(), 1);
    assert!(!path.exists());
    assert!(cache.get(&DIGEST).is_none());
    assert_eq!(fs::metadata(folder.path()).expect("metadata").mode() & 0o777, 0o700);
}

#[test]
fn a_length_that_is_a_lie_costs_no_memory() {
    let (_folder, cache, path) = kept();
    let mut header = fs::read(&path).expect("read");
    header.truncate(HEADER);
    let lie = 1_u64 << 40;
    header[HEADER - 40..HEADER - 32].copy_from_slice(&lie.to_le_bytes());
    fs::write(&path, &header).expect("written");
    // As long as it says, with nothing in it.
    File::options().write(true).open(&path).expect("open").set_len(lie + HEADER as u64).expect("a length");
    assert!(refusal(&cache).contains("cut off or lengthened"));
}

#[test]
fn the_folder_and_its_entries_are_for_this_user_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("compiled");
    let cache = cache(&inner, 1);
    cache.put(&DIGEST, &code()).expect("written");
    let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    assert_eq!(mode(&cache.path(&DIGEST)), 0o600);
}
