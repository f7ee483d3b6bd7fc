//! The key from a program of the operator: a password manager, a hardware module's tool, a cloud's client.
//!
//! The program is bounded in everything: its time, what it prints, what of us it sees.

use std::{process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};
use zeroize::Zeroizing;

use super::{LARGEST, room};
use crate::config::ambient;

/// How long it may take.
pub(super) const LONGEST: Duration = Duration::from_secs(30);
/// What of its messages goes to the log.
const LARGEST_MESSAGES: usize = 8 * 1024;
/// All that it sees of our environment: the rest may hold secrets that are none of its business.
const HANDED_ON: [&str; 2] = ["PATH", "HOME"];

/// What the program prints on standard output. No shell reads the words.
pub(super) async fn output(words: &[String], longest: Duration) -> Result<Zeroizing<Vec<u8>>, String> {
    let (program, arguments) = words.split_first().ok_or("no program is named")?;
    let variables = HANDED_ON.into_iter().filter_map(|name| Some((name, ambient::variable(name)?)));
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that what it starts ends with it when its time is over.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    let ended = tokio::time::timeout(longest, ended(&mut child)).await;
    let (text, messages, status) = match ended {
        Ok(Ok(ended)) => ended,
        Ok(Err(why)) => {
            end(&mut child).await;
            return Err(why);
        }
        Err(_) => {
            end(&mut child).await;
            return Err(format!("it did not end within {} seconds; run it by hand to see why", longest.as_secs()));
        }
    };
    let messages = readable(&messages);
    if status.success() {
        if !messages.is_empty() {
            tracing::info!(program, "the command of the key says: {messages}");
        }
        return Ok(text);
    }
    tracing::error!(program, "the command of the key ended with {status} and says: {messages}");
    Err(format!("it ended with {status}; the log has what it said. It has to print the text of a key file"))
}

/// Reads it to its end.
async fn ended(child: &mut Child) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>, std::process::ExitStatus), String> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (text, messages) = tokio::try_join!(whole(out), beginning(err))?;
    let status = child.wait().await.map_err(|error| format!("its end was not seen: {error}"))?;
    Ok((text, messages, status))
}

/// All of the output, or a complaint that it is too long.
async fn whole(from: Option<impl AsyncRead + Unpin>) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut text = room();
    if let Some(from) = from {
        let read = from.take(LARGEST as u64 + 1).read_to_end(&mut text).await;
        read.map_err(|error| format!("what it prints cannot be read: {error}"))?;
    }
    if text.len() > LARGEST { Err("it prints more than 64 KiB, which is no key".to_owned()) } else { Ok(text) }
}

/// The first messages; the others are read as well, so that the program is not kept waiting.
async fn beginning(from: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, String> {
    let mut messages = Vec::new();
    if let Some(mut from) = from {
        let unread = |error| format!("its messages cannot be read: {error}");
        (&mut from).take(LARGEST_MESSAGES as u64).read_to_end(&mut messages).await.map_err(unread)?;
        tokio::io::copy(&mut from, &mut tokio::io::sink()).await.map_err(unread)?;
    }
    Ok(messages)
}

/// Ends it and what it started.
async fn end(child: &mut Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(group) = group {
        // It may have ended by itself meanwhile.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait().await;
}

/// One line of text that cannot steer a terminal.
fn readable(messages: &[u8]) -> String {
    let text = String::from_utf8_lossy(messages);
    text.trim().chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn run(script: &str, longest: Duration) -> Result<String, String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let text = runtime.block_on(output(&words, longest))?;
        Ok(String::from_utf8(text.to_vec()).expect("text"))
    }

    #[test]
    fn it_sees_nothing_of_our_environment_but_path_and_home() {
        let seen = run("env", LONGEST).expect("it runs");
        let names: Vec<&str> = seen.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        // What a shell adds by itself.
        let own = ["PWD", "SHLVL", "_", "OLDPWD"];
        assert!(names.iter().all(|name| HANDED_ON.contains(name) || own.contains(name)), "{names:?}");
        assert!(names.contains(&"PATH"), "{names:?}");
    }

    #[test]
    fn words_reach_the_program_as_they_are_and_no_shell_reads_them() {
        let words = ["echo", "$HOME; true", "*"].map(str::to_owned);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        assert_eq!(**runtime.block_on(output(&words, LONGEST)).expect("it runs"), *b"$HOME; true *\n");
    }

    #[test]
    fn one_that_hangs_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let pids = folder.path().join("pids");
        let begun = Instant::now();
        let script = format!("sleep 300 & echo $! $$ > {}; wait", pids.display());
        let why = run(&script, Duration::from_secs(2)).expect_err("it hangs");
        assert!(why.contains("did not end within"), "{why}");
        let pids = std::fs::read_to_string(&pids).expect("it began");
        // A child that was killed may stay as a zombie of whoever adopted it; it does not run.
        let runs = |pid: &str| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            !stat.is_empty() && !stat.contains(") Z ")
        };
        while pids.split_whitespace().any(runs) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{pids} go on");
            std::thread::yield_now();
        }
    }

    #[test]
    fn one_that_prints_without_end_is_ended() {
        let why =
            run("while :; do echo 0123456789012345678901234567890123456789; done", LONGEST).expect_err("too much");
        assert!(why.contains("more than 64 KiB"), "{why}");
    }

    #[test]
    fn many_messages_do_not_keep_it_waiting() {
        let long = "i=0; while [ $i -lt 4000 ]; do echo 01234567890123456789012345678901234567890123456789 >&2; i=$((i+1)); done; echo key";
        assert_eq!(run(long, LONGEST).expect("it ends"), "key\n");
    }

    #[test]
    fn one_that_fails_or_is_not_there_is_told_of_without_what_it_printed() {
        let why = run("echo hunter2; echo hunter3 >&2; exit 3", LONGEST).expect_err("it fails");
        assert!(why.contains("exit status: 3") && !why.contains("hunter"), "{why}");
        let words = ["/no/such/program".to_owned()];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        assert!(runtime.block_on(output(&words, LONGEST)).expect_err("not there").contains("cannot be started"));
    }

    #[test]
    fn its_messages_cannot_steer_the_log() {
        assert_eq!(readable(b"one\x1b[2J\ntwo\n"), "one [2J two");
    }
}
