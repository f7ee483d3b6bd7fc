//! Components that no Rust compiler makes: the guests with small core modules behind them, written byte by byte.
//!
//! A component is a row of sections, so modules can be put behind those that it has, and instances of them with it; they
//! start with it and use up what is its own. (Component binary format: section 1 is a core module, section 2 core instances.)

use patchbay_it::{guest_component, guest_manifest};
use patchbay_model::{manifest, package};
use patchbay_test_support::{Result, Trouble};

/// Pages of a MiB.
const PAGES: u32 = 16;

/// What stands behind the guests' own sections: core modules, and how often each is started.
#[derive(Default)]
pub(super) struct Behind {
    modules: Vec<(Vec<u8>, u32)>,
    /// TOML after the manifest's own.
    asks: String,
}

impl Behind {
    /// So many memories of so many MiB, each in a module of its own.
    pub(super) fn memories(count: u32, mib: u32) -> Self {
        Self::of(module(&[section(5, &[&[1, 0], &number(mib * PAGES)[..]].concat())]), count)
    }

    /// So many tables of so many elements.
    pub(super) fn tables(count: u32, elements: u32) -> Self {
        Self::of(module(&[section(4, &[&[1, 0x70, 0], &number(elements)[..]].concat())]), count)
    }

    /// A module that holds nothing, started so many times.
    pub(super) fn instances(count: u32) -> Self {
        Self::of(module(&[]), count)
    }

    /// A memory that grows by so many MiB at the start, which breaks where that is refused.
    pub(super) fn grows_at_start(mib: u32) -> Self {
        // i32.const pages, memory.grow, i32.const -1, i32.eq, if, unreachable, end
        let code = [&[0x41], &number(mib * PAGES)[..], &[0x40, 0, 0x41, 0x7f, 0x46, 0x04, 0x40, 0x00, 0x0b]].concat();
        Self::of(starting(&code, true), 1)
    }

    /// Breaks at each start.
    pub(super) fn traps_at_start() -> Self {
        Self::of(starting(&[0x00], false), 1)
    }

    /// Never comes to the end of its start.
    pub(super) fn loops_at_start() -> Self {
        // loop, br 0, end
        Self::of(starting(&[0x03, 0x40, 0x0c, 0x00, 0x0b], false), 1)
    }

    /// Nothing, but a manifest that asks for one more address.
    pub(super) fn reaching(origin: &str) -> Self {
        let asks = format!(
            "\n[[host]]\norigin = \"{origin}\"\nmethods = [\"GET\"]\nreason = \"Its name is told by the test.\"\n"
        );
        Self { asks, ..Self::default() }
    }

    fn of(module: Vec<u8>, count: u32) -> Self {
        Self { modules: vec![(module, count)], ..Self::default() }
    }

    /// The guests with this behind them, packed as the connector of this id.
    pub(super) fn packed(&self, id: &str) -> Result<Vec<u8>> {
        let mut component = std::fs::read(guest_component()?)?;
        let there = modules_of(&component)?;
        for (index, (module, count)) in (there..).zip(&self.modules) {
            component.extend(section(1, module));
            // Instantiate, the module's index, no arguments.
            let one = [&[0], &number(index)[..], &[0]].concat();
            component.extend(section(2, &[number(*count), one.repeat(usize::try_from(*count)?)].concat()));
        }
        let path = guest_manifest().with_file_name("hostile.toml");
        let text = std::fs::read_to_string(&path)? + &self.asks;
        let mut manifest = manifest::parse::parse(&text, &|_| None).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Trouble::new(format!("{}:\n{}", path.display(), lines.join("\n")))
        })?;
        id.clone_into(&mut manifest.id);
        Ok(package::pack(&component, &manifest)?)
    }
}

/// How many core modules a component has at its top.
fn modules_of(component: &[u8]) -> Result<u32> {
    let (mut at, mut modules) = (8, 0);
    while let Some(id) = component.get(at) {
        at += 1;
        let (mut size, mut shift) = (0_usize, 0);
        loop {
            let byte = *component.get(at).ok_or_else(|| Trouble::new("a component that is cut off".to_owned()))?;
            at += 1;
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        modules += u32::from(*id == 1);
        at += size;
    }
    Ok(modules)
}

/// A module whose start function is this code; with a memory that may grow, where it wants one.
fn starting(code: &[u8], memory: bool) -> Vec<u8> {
    let body = [&[0], code, &[0x0b]].concat();
    let mut sections = vec![section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0])];
    if memory {
        sections.push(section(5, &[1, 0, 0]));
    }
    sections.push(section(8, &[0]));
    let size = number(u32::try_from(body.len()).unwrap_or(0));
    sections.push(section(10, &[&[1], &size[..], &body].concat()));
    module(&sections)
}

fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], &number(u32::try_from(content.len()).unwrap_or(0))[..], content].concat()
}

/// A number as WebAssembly writes it (LEB128). A constant of an instruction is signed, so it gets a group more where its
/// highest bit would make it negative.
fn number(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 && low < 0x40 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[test]
fn numbers_are_written_so_that_they_stay_what_they_are() {
    assert_eq!((number(0), number(63), number(64), number(300)), (vec![0], vec![63], vec![0xc0, 0], vec![0xac, 2]));
    assert_eq!(number(u32::MAX), [0xff, 0xff, 0xff, 0xff, 0x0f]);
}
