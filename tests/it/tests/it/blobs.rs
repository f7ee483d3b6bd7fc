//! **A file goes in once, piece by piece, and nobody ever holds it whole**: what was uploaded comes back as it was; an
//! upload that breaks off, wherever, leaves nothing; a tenant has so much room and sees only its own files.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use patchbay_it::{Database, Rig, RigSetup, ServerDatabase, Tenant};
use patchbay_test_support::{Answer, Result, Trouble, raw, wait_until};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const MIB: usize = 1024 * 1024;
/// By how much the host may grow while a file of 20 MiB goes through it.
const GROWTH: u64 = 8 * 1024;
/// After what time without a word what is left of an upload goes.
const LEFT_ALONE: Duration = Duration::from_secs(700);
const SMALL: &str = "[limits]\nblob_mib = 1\ntenant_blob_mib = 2\n";

/// So many bytes, no two stretches alike.
fn bytes(len: usize) -> Vec<u8> {
    (0..len as u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[1]).collect()
}

fn upload(tenant: &Tenant, name: &str, file: &[u8]) -> Result<Answer> {
    tenant.api.send("POST", &format!("/v1/blobs?name={name}"), Some("application/pdf"), file.to_vec())
}

/// The head of an upload that says that it has so many bytes, and some of them.
fn begin(rig: &Rig, tenant: &Tenant, length: usize, part: &[u8]) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(rig.host.address())?;
    stream.set_read_timeout(Some(LIMIT))?;
    let (address, key) = (rig.host.address(), &tenant.key);
    let head = format!(
        "POST /v1/blobs?name=a.pdf HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/pdf\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(part)?;
    Ok(stream)
}

fn count(database: &mut Database, table: &str) -> Result<u64> {
    let count = database.value(&format!("SELECT count(*) FROM {table}"), &[])?;
    Ok(count.as_u64().unwrap_or(u64::MAX))
}

/// Kilobytes that the host has in memory, and had at most since the last [`forget_peak`].
fn memory(rig: &Rig) -> Result<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", rig.host.pid()))?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok())
    };
    line("VmRSS:").zip(line("VmHWM:")).ok_or_else(|| Trouble::new("the system does not say"))
}

fn forget_peak(rig: &Rig) -> Result<()> {
    Ok(std::fs::write(format!("/proc/{}/clear_refs", rig.host.pid()), "5")?)
}

fn a_file_comes_back_as_it_was(rig: &Rig) -> Result<()> {
    let tenant = rig.tenant("A")?;
    let file = bytes(20 * MIB);
    // What it takes once: connections, statements, arenas.
    let first = upload(&tenant, "first.pdf", &file)?.expect(201)?.text_at("/id")?;
    tenant.get(&format!("/v1/blobs/{first}/content"))?;
    forget_peak(rig)?;
    let (before, _) = memory(rig)?;

    let made = upload(&tenant, "%C3%9Cbersicht%20Q3.pdf", &file)?.expect(201)?;
    let id = made.text_at("/id")?;
    let told = (&made.json["name"], &made.json["media_type"], &made.json["size"]);
    assert_eq!(told, (&json!("Übersicht Q3.pdf"), &json!("application/pdf"), &json!(20 * MIB)));
    assert!(made.json["expires_at"].is_string() && made.text_at("/sha256")?.len() == 64, "{}", made.text());
    let content = tenant.get(&format!("/v1/blobs/{id}/content"))?;
    assert!(content.body == file, "it comes back as it was");
    let (_, peak) = memory(rig)?;
    assert!(peak < before + GROWTH, "{before} KiB before, {peak} KiB at most");

    let header = |name: &str| content.headers.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!(header("content-type"), "application/pdf");
    assert_eq!(header("content-length"), (20 * MIB).to_string());
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-disposition").starts_with("attachment; filename=\"_bersicht Q3.pdf\""), "{content:?}");
    assert_eq!(tenant.get(&format!("/v1/blobs/{id}"))?.json, made.json);
    let listed = tenant.get("/v1/blobs?limit=1")?;
    assert_eq!(listed.json["items"], json!([made.json]));
    let next = listed.text_at("/next")?;
    assert_eq!(tenant.get(&format!("/v1/blobs?limit=1&after={next}"))?.text_at("/items/0/id")?, first);

    // Nobody else's.
    let other = rig.tenant("B")?;
    assert_eq!(other.get("/v1/blobs")?.array_at("/items")?.len(), 0);
    for path in [format!("/v1/blobs/{id}"), format!("/v1/blobs/{id}/content")] {
        other.api.get(&path)?.expect(404)?;
    }
    other.api.delete(&format!("/v1/blobs/{id}"))?.expect(404)?;
    tenant.api.delete(&format!("/v1/blobs/{id}"))?.expect(204)?;
    tenant.api.get(&format!("/v1/blobs/{id}/content"))?.expect(404)?;
    tenant.api.delete(&format!("/v1/blobs/{id}"))?.expect(404)?;
    Ok(())
}

#[test]
fn a_file_of_20_mib_comes_back_as_it_was_and_the_host_does_not_hold_it() -> Result<()> {
    a_file_comes_back_as_it_was(&Rig::start()?)
}

#[test]
fn so_it_does_on_postgresql() -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let setup = RigSetup { database: Some(database.url()), ..RigSetup::default() };
    a_file_comes_back_as_it_was(&setup.start()?)
}

#[test]
fn a_file_that_is_no_file_is_refused_and_a_tenant_has_so_much_room() -> Result<()> {
    let rig = RigSetup { more: SMALL.to_owned(), ..RigSetup::default() }.start()?;
    let (tenant, other) = (rig.tenant("A")?, rig.tenant("B")?);
    let code = |answer: Answer| (answer.status, answer.json["code"].as_str().unwrap_or_default().to_owned());
    let refused = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(code(upload(&tenant, "a.pdf", b"")?), refused(422, "PB5001"));
    // One that says that it is too large is refused before any of it is sent.
    let mut answer = String::new();
    begin(&rig, &tenant, MIB + 1, b"")?.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("PB5002"), "{answer}");
    assert_eq!(code(upload(&tenant, "..%2Fa.pdf", b"x")?), refused(422, "PB5008"));
    assert_eq!(code(upload(&tenant, "a%00.pdf", b"x")?), refused(422, "PB5008"));
    let form = tenant.api.send("POST", "/v1/blobs?name=a", Some("multipart/form-data; boundary=x"), b"x".to_vec())?;
    assert_eq!(code(form), refused(415, "PB5010"));
    assert_eq!(code(tenant.api.send("POST", "/v1/blobs", Some("text/plain"), b"x".to_vec())?), refused(422, "PB5008"));
    // One that says nothing of its length is counted while it comes.
    let mut chunked = format!(
        "POST /v1/blobs?name=a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: text/plain\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n",
        tenant.key,
        MIB + 1
    )
    .into_bytes();
    chunked.extend(bytes(MIB + 1));
    let answer = raw::exchange(rig.host.address(), &chunked, Duration::from_secs(5))?;
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 413"), "{}", String::from_utf8_lossy(&answer));

    let first = upload(&tenant, "1.pdf", &bytes(MIB))?.expect(201)?.text_at("/id")?;
    upload(&tenant, "2.pdf", &bytes(MIB))?.expect(201)?;
    assert_eq!(code(upload(&tenant, "3.pdf", b"x")?), refused(413, "PB4012"));
    upload(&other, "4.pdf", b"x")?.expect(201)?;
    tenant.api.delete(&format!("/v1/blobs/{first}"))?.expect(204)?;
    upload(&tenant, "5.pdf", b"x")?.expect(201)?;
    let names: Vec<Value> =
        tenant.get("/v1/blobs")?.array_at("/items")?.iter().map(|blob| blob["name"].clone()).collect();
    assert_eq!(names, [json!("5.pdf"), json!("2.pdf")], "what was refused is not there");
    let audit = rig.operator_of(&tenant).get(&format!("/v1/audit?subject={first}"))?.expect(200)?;
    assert_eq!(audit.text_at("/items/0/action")?, "blob.deleted");
    Ok(())
}

#[test]
fn an_upload_whose_client_goes_away_leaves_nothing() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let mut database = Database::open(&rig.host.data_dir().join("patchbay.db"))?;
    let stream = begin(&rig, &tenant, 10 * MIB, &bytes(3 * MIB))?;
    wait_until("stored pieces", LIMIT, || Ok((count(&mut database, "blob_pieces")? >= 8).then_some(())))?;
    assert_eq!(tenant.get("/v1/blobs")?.array_at("/items")?.len(), 0, "it is no file yet");
    drop(stream);
    wait_until("nothing of it", LIMIT, || {
        Ok((count(&mut database, "blob_pieces")? + count(&mut database, "blobs")? == 0).then_some(()))
    })?;
    // One that closes only its own direction gets its answer.
    let mut stream = begin(&rig, &tenant, 10 * MIB, &bytes(MIB))?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    wait_until("nothing of it", LIMIT, || {
        Ok((count(&mut database, "blob_pieces")? + count(&mut database, "blobs")? == 0).then_some(()))
    })?;
    upload(&tenant, "a.pdf", b"the host goes on")?.expect(201)?;
    Ok(())
}

#[test]
fn an_upload_whose_host_is_killed_is_gone_after_some_minutes() -> Result<()> {
    let mut rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    let tenant = rig.tenant("A")?;
    let kept = upload(&tenant, "kept.pdf", b"kept")?.expect(201)?.text_at("/id")?;
    let mut database = Database::open(&rig.host.data_dir().join("patchbay.db"))?;
    let stream = begin(&rig, &tenant, 10 * MIB, &bytes(3 * MIB))?;
    wait_until("stored pieces", LIMIT, || Ok((count(&mut database, "blob_pieces")? >= 9).then_some(())))?;
    rig.host.kill()?;
    drop(stream);
    rig.host.restart()?;
    let tenant = Tenant { api: rig.stranger().with_key(&tenant.key), id: tenant.id.clone(), key: tenant.key.clone() };
    assert_eq!(tenant.get("/v1/blobs")?.array_at("/items")?.len(), 1);
    assert!(count(&mut database, "blob_pieces")? >= 9, "it may still go on at another node");
    rig.advance(LEFT_ALONE)?;
    wait_until("nothing of it", LIMIT, || Ok((count(&mut database, "blob_pieces")? == 1).then_some(())))?;
    assert_eq!(tenant.get(&format!("/v1/blobs/{kept}/content"))?.body, b"kept");
    // A file that no item names goes after a day.
    rig.advance(Duration::from_secs(24 * 3_600))?;
    wait_until("no file", LIMIT, || Ok((count(&mut database, "blobs")? == 0).then_some(())))?;
    assert_eq!(count(&mut database, "blob_pieces")?, 0);
    Ok(())
}
