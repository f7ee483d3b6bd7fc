//! A program that a build needs: run with its output taken line by line, and missed with what to install.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    sync::mpsc,
};

use crate::exit::Stop;

/// What is kept of one line; a tool that prints without an end is not kept in memory.
const LINE: u64 = 64 * 1024;
/// What is kept of what a tool prints for us.
const OUTPUT: u64 = 64 * 1024 * 1024;

/// Whether a program is there.
pub(super) fn is_there(program: &str) -> bool {
    let mut asked = Command::new(program);
    asked.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// Runs a program to its end: what it prints as its result is returned, what it says beside that is told line by line.
pub(super) fn output(command: &mut Command, told: &mut dyn FnMut(String)) -> Result<String, Stop> {
    let name = command.get_program().to_string_lossy().into_owned();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| Stop::failed(format!("{name} cannot be run: {error}")))?;
    let (lines, heard) = mpsc::channel();
    let said = child.stderr.take();
    let listener = std::thread::spawn(move || {
        let Some(said) = said else { return };
        let mut reader = BufReader::new(said);
        let mut line = Vec::new();
        while reader.by_ref().take(LINE).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if lines.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    let printed = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(printed) = printed {
            // A pipe that breaks ends the text; how the program ended is asked below.
            let _ = printed.take(OUTPUT).read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    heard.iter().for_each(told);
    let ended = child.wait().map_err(|error| Stop::failed(format!("{name}: {error}")))?;
    let _ = listener.join();
    let text = reader.join().unwrap_or_default();
    if ended.success() {
        return Ok(text);
    }
    Err(Stop::failed(format!("{name} failed ({ended}); what it said stands above")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_says_is_told_and_what_it_prints_is_returned() {
        let mut told = Vec::new();
        let mut shell = Command::new("sh");
        let text = output(shell.args(["-c", "echo one >&2; echo result; echo two >&2"]), &mut |line| told.push(line));
        assert_eq!((text.expect("it worked").as_str(), told), ("result\n", vec!["one".to_owned(), "two".to_owned()]));
    }

    #[test]
    fn a_tool_that_fails_or_is_not_there_ends_the_build() {
        let mut shell = Command::new("sh");
        assert!(output(shell.args(["-c", "exit 3"]), &mut |_| {}).is_err());
        assert!(output(&mut Command::new("no-such-tool-anywhere"), &mut |_| {}).is_err());
        assert!(!is_there("no-such-tool-anywhere"));
    }
}
