//! Files that are made to break or to busy whatever reads or compiles them: the child that compiles them ends within its
//! limits, and the host and its neighbours do not notice.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use patchbay_it::{
    Rig, Variant,
    bombs::{self, Bomb},
    layers::{CUSTOM, Layers},
    process,
};
use patchbay_test_support::{Answer, Result, Trouble, fakes::FakesConfig, wait_until};
use serde_json::json;

use crate::{neighbour::Neighbour, soak::Soak};

/// Bytes of a component on these hosts.
const COMPONENT_BYTES: usize = 8 * 1024 * 1024;
const GIB: usize = 1024 * 1024 * 1024;
/// By how much a host may be larger at its worst than before: a few files at once, and what is read of a child's answer.
/// A child may have 2 GiB.
const PEAK: u64 = 200 * 1024 * 1024;
const LIMIT: Duration = Duration::from_secs(60);

fn rig() -> Result<Rig> {
    Rig::with(FakesConfig::small(), &format!("[limits]\ncomponent_bytes = {COMPONENT_BYTES}\n"))
}

fn code(answer: &Answer) -> &str {
    answer.json["code"].as_str().unwrap_or("none")
}

/// Posts each; what it was answered with, one of `codes`.
fn refused(rig: &Rig, bombs: Vec<Bomb>, codes: &[&str]) -> Result<()> {
    for bomb in bombs {
        let answer = rig.post(bomb.bytes)?;
        println!("{}: {} {}", bomb.name, answer.status, answer.json["detail"]);
        assert!(codes.contains(&code(&answer)), "{}: {} {}", bomb.name, answer.status, answer.text());
    }
    Ok(())
}

/// The deeds go on while a neighbour is served, and the host stays as large as it was.
fn unnoticed(rig: &Rig, deeds: impl FnOnce() -> Result<()>) -> Result<()> {
    let neighbour = Neighbour::connect(rig)?;
    let (before, _) = process::memory(&rig.host)?;
    process::forget_peak(&rig.host)?;
    let served = neighbour.beside(rig, deeds)?;
    let (after, peak) = process::memory(&rig.host)?;
    println!("the host: {} MiB, {} MiB at its worst, then {} MiB; {served:?}", before >> 20, peak >> 20, after >> 20);
    assert!(served.runs > 0);
    assert!(peak < before + PEAK, "{before} bytes, then {peak}");
    Ok(())
}

#[test]
fn what_has_more_parts_than_a_connector_is_refused_before_it_is_compiled() -> Result<()> {
    let rig = rig()?;
    unnoticed(&rig, || refused(&rig, bombs::intricate()?, &["PB1050"]))?;
    // Nothing of it is kept, not even a row.
    let installed = rig.operator.get("/v1/connectors")?.expect(200)?.array_at("/items")?;
    assert_eq!(installed.len(), 1, "{installed:?}");
    Ok(())
}

#[test]
fn what_is_broken_is_refused_with_what_is_wrong() -> Result<()> {
    let rig = rig()?;
    unnoticed(&rig, || refused(&rig, bombs::broken()?, &["PB1001", "PB1005", "PB1007"]))
}

#[test]
fn a_child_that_compiles_a_bomb_ends_within_its_limits() -> Result<()> {
    explode(&Soak { rounds: 1, seed: 0 }, false)
}

/// The long form: the bombs that are given two minutes, too.
pub(crate) fn rounds(soak: &Soak) -> Result<()> {
    explode(soak, true)
}

fn explode(soak: &Soak, long: bool) -> Result<()> {
    for _ in 0..soak.rounds {
        let rig = rig()?;
        let mut stopped = Vec::new();
        unnoticed(&rig, || {
            for bomb in bombs::slow()? {
                let answer = rig.post(bomb.bytes)?;
                println!("{}: {} {}", bomb.name, answer.status, answer.json["detail"]);
                // One that a compiler masters is a connector like any other.
                assert!(answer.status == 201 || ["PB1007", "PB1008"].contains(&code(&answer)), "{}", answer.text());
                stopped.push((bomb.name, answer.status, answer.text()));
            }
            if long { two_minutes(&rig) } else { Ok(()) }
        })?;
        let told = |name: &str| stopped.iter().find(|(found, ..)| *found == name).map(|(_, _, text)| text.as_str());
        let by_time = told("60,000 loops in each other").unwrap_or_default();
        assert!(by_time.contains("more than 20 s"), "{by_time}");
        let by_memory = told("values that live through nested loops").unwrap_or_default();
        assert!(by_memory.contains("the child died"), "{by_memory}");
        let by_start = told("a table of ten million and 4 GiB of memory").unwrap_or_default();
        assert!(by_start.contains("PB1008"), "{by_start}");
    }
    Ok(())
}

/// One that takes its two minutes, out of the folder: nobody waits for its answer.
fn two_minutes(rig: &Rig) -> Result<()> {
    let place = rig.host.data_dir().join("connectors");
    fs::write(place.join("part"), bombs::slowest()?.bytes)?;
    fs::rename(place.join("part"), place.join("slowest.wasm"))?;
    wait_until("the end of its child", Duration::from_secs(300), || {
        let log = fs::read_to_string(rig.host.log_path())?;
        Ok(log.lines().any(|line| line.contains("slowest.wasm") && line.contains("more than 120 s")).then_some(()))
    })
}

#[test]
fn a_file_that_is_cut_at_any_of_its_sections_is_refused() -> Result<()> {
    let rig = rig()?;
    let whole = Variant::of_guests("0.1.0")?.pack()?;
    let layers = Layers::of(&whole)?;
    // Behind the last one that says something stand names, and a component without them is whole.
    let saying = layers.sections.iter().rposition(|(id, _)| *id != CUSTOM).unwrap_or_default();
    let ends = layers.boundaries();
    assert!(saying > 20, "{saying}");
    for end in &ends[..saying] {
        let answer = rig.post(whole[..*end].to_vec())?;
        assert_eq!(answer.status, 422, "cut at {end}: {}", answer.text());
        assert!(["PB1001", "PB1004", "PB1009"].contains(&code(&answer)), "cut at {end}: {}", answer.text());
    }
    assert_eq!(rig.operator.get("/v1/connectors")?.expect(200)?.array_at("/items")?.len(), 0);
    rig.install(whole).map(drop)
}

#[test]
fn compiled_code_is_never_taken_wherever_it_comes_from() -> Result<()> {
    let rig = rig()?;
    let neighbour = Neighbour::connect(&rig)?;
    let folder = rig.host.data_dir().join("compiled");
    let entry = fs::read_dir(&folder)?.next().ok_or_else(|| Trouble::new("the guests were not compiled"))??.path();
    let mut executable = vec![0; 64 * 1024];
    fs::File::open(rig.host.binary())?.read_exact(&mut executable)?;
    let entry = fs::read(entry)?;
    // What stands behind the seal is what wasmtime made.
    let elf =
        entry.windows(4).position(|window| window == b"\x7fELF").map(|at| entry[at..].to_vec()).unwrap_or_default();
    neighbour.beside(&rig, || {
        for (what, bytes) in [("an entry of the cache", entry), ("what wasmtime made", elf), ("a program", executable)]
        {
            let answer = rig.post(bytes.clone())?;
            assert_eq!((answer.status, code(&answer)), (422, "PB1051"), "{what}: {}", answer.text());
            let place = rig.host.data_dir().join("connectors");
            fs::write(place.join("part"), &bytes)?;
            fs::rename(place.join("part"), place.join(format!("{}.wasm", what.replace(' ', "-"))))?;
        }
        wait_until("all three to be refused from the folder", LIMIT, || {
            let log = fs::read_to_string(rig.host.log_path())?;
            Ok((log.lines().filter(|line| line.contains("PB1051") && line.contains("not installed")).count() >= 3)
                .then_some(()))
        })
    })?;
    Ok(())
}

#[test]
fn a_module_of_a_gigabyte_costs_neither_memory_nor_patience() -> Result<()> {
    let rig = rig()?;
    unnoticed(&rig, || {
        for framing in ["Transfer-Encoding: chunked".to_owned(), format!("Content-Length: {GIB}")] {
            let (sent, answer) = endless(&rig, &framing)?;
            println!("{framing}: {} MiB sent, then {:.40}", sent >> 20, answer);
            assert!(sent < 4 * COMPONENT_BYTES, "{framing}: {sent} bytes were taken");
            // An answer may be lost where the other side closes while it is still sent to.
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{framing}: {answer}");
        }
        // The same as a file: as long as it says, and nothing in it.
        let place = rig.host.data_dir().join("connectors");
        let mut file = fs::File::create(place.join("part"))?;
        file.write_all(b"\0asm\x0d\0\x01\0")?;
        file.set_len(GIB as u64)?;
        fs::rename(place.join("part"), place.join("gigabyte.wasm"))?;
        wait_until("the file to be refused", LIMIT, || {
            let log = fs::read_to_string(rig.host.log_path())?;
            Ok(log.lines().any(|line| line.contains("gigabyte.wasm") && line.contains("PB1006")).then_some(()))
        })
    })
}

/// Posts bytes without end; how many were taken, and what was answered.
fn endless(rig: &Rig, framing: &str) -> Result<(usize, String)> {
    let mut stream = TcpStream::connect(rig.host.address())?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.set_read_timeout(Some(LIMIT))?;
    let key = rig.host.operator_key()?;
    let head = format!(
        "POST /v1/connectors HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/wasm\r\n{framing}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let chunk = vec![0_u8; 64 * 1024];
    let mut sent = 0;
    while sent < GIB {
        let chunked = framing.ends_with("chunked");
        let written = (|| {
            if chunked {
                stream.write_all(b"10000\r\n")?;
            }
            stream.write_all(&chunk)?;
            if chunked { stream.write_all(b"\r\n") } else { Ok(()) }
        })();
        if written.is_err() {
            break;
        }
        sent += chunk.len();
    }
    let mut answer = String::new();
    // A reset ends the answer; what came before is what counts.
    drop(stream.read_to_string(&mut answer));
    Ok((sent, answer))
}

#[test]
fn a_compiled_file_that_was_swapped_or_forged_is_not_taken_and_the_host_says_why() -> Result<()> {
    let mut rig = Rig::start()?;
    let neighbour = Neighbour::connect(&rig)?;
    rig.install_connectors(&["github"])?;
    let folder = rig.host.data_dir().join("compiled");
    let entries = |folder: &std::path::Path| -> Result<Vec<std::path::PathBuf>> {
        let mut paths: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        paths.sort();
        Ok(paths)
    };
    let paths = entries(&folder)?;
    assert_eq!(paths.len(), 2, "{paths:?}");
    for (what, says) in [("swapped", "written for another component"), ("forged", "no entry of this cache")] {
        rig.host.stop()?;
        let (one, other) = (fs::read(&paths[0])?, fs::read(&paths[1])?);
        match what {
            "swapped" => {
                fs::write(&paths[0], &other)?;
                fs::write(&paths[1], &one)?;
            }
            _ => paths.iter().try_for_each(|path| fs::write(path, b"\x7fELF of a stranger"))?,
        }
        rig.host.restart()?;
        let served = neighbour.beside(&rig, || Ok(()))?;
        assert!(served.runs > 0);
        let log = fs::read_to_string(rig.host.log_path())?;
        let told: Vec<&str> = log.lines().filter(|line| line.contains("PB1052") && line.contains(says)).collect();
        assert!(!told.is_empty(), "{what}: the log does not say {says:?}");
        // Compiled again, and kept again: the next start finds it.
        assert_eq!(entries(&folder)?.len(), 2);
    }
    assert_eq!(
        rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?.json["items"][0]["state"],
        json!("active")
    );
    Ok(())
}
