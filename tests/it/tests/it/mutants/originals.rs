//! Real connectors with one thing changed, each a different one by its number.
//!
//! Half of them are still well-formed: `wasm-mutate` changes a core module inside (another instruction, a function less,
//! other data, a type more), so that most of them compile and some do something else than they did. The others are bytes:
//! changed, cut, moved.

use std::fs;

use patchbay_it::{
    Variant, guest_component,
    layers::{Layers, MODULE},
};
use patchbay_model::package;
use patchbay_test_support::{Dice, Result, packaged};
use wasm_mutate::WasmMutate;

/// Tries of a module until a change applies to it.
const TRIES: u64 = 20;
/// How long a change may be looked for, in `wasm-mutate`'s own measure.
const FUEL: u64 = 10_000;

/// Where mutants come from: the guests, and a connector as it is published.
pub(super) struct Originals(Vec<(Vec<u8>, Variant)>);

/// A connector of its own, `mutant.nNUMBER`.
pub(super) struct Mutant {
    /// Its id.
    pub(super) connector: String,
    /// Whether it was one of the guests, else the published connector.
    pub(super) is_of_guests: bool,
    /// What was changed, for the reader of a failure.
    pub(super) change: &'static str,
    /// The packaged file.
    pub(super) bytes: Vec<u8>,
}

impl Originals {
    /// Reads them.
    pub(super) fn read() -> Result<Self> {
        let guests = (fs::read(guest_component()?)?, Variant::of_guests("0.1.0")?);
        let github = (fs::read(packaged("github")?)?, Variant::of_connector("github", "0.1.0")?);
        Ok(Self(vec![guests, github]))
    }

    /// The mutant of this seed and number; the same each time.
    pub(super) fn mutant(&self, seed: u64, number: u64) -> Result<Mutant> {
        let mut dice = Dice::of(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let place = usize::try_from(dice.below(self.0.len() as u64))?;
        let (component, original) = &self.0[place];
        let mut manifest = original.manifest.clone();
        manifest.id = format!("mutant.n{number}");
        let connector = manifest.id.clone();
        let packed = |component: &[u8]| package::pack(component, &manifest);
        let whole = packed(component)?;
        // What is changed in the file as it is comes after the manifest, or the manifest would be all that is looked at.
        let from = Layers::of(&whole)?.boundaries().first().copied().unwrap_or_default();
        let (change, bytes) = match dice.below(10) {
            0..5 => ("a module inside", packed(&with_other_module(component, &mut dice)?)?),
            5 => ("bytes", with_other_bytes(&whole, from, &mut dice)),
            6 => ("cut off", whole[..from + below(&mut dice, whole.len() - from)].to_vec()),
            7 => ("a section less", with_sections(&whole, &mut dice, |sections, at, _| drop(sections.remove(at)))?),
            8 => (
                "a section twice",
                with_sections(&whole, &mut dice, |sections, at, other| {
                    let again = sections[at].clone();
                    sections.insert(other, again);
                })?,
            ),
            _ => (
                "two sections in each other's place",
                with_sections(&whole, &mut dice, |sections, at, other| sections.swap(at, other))?,
            ),
        };
        Ok(Mutant { connector, is_of_guests: place == 0, change, bytes })
    }
}

fn below(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).unwrap_or_default()
}

/// A component of which one core module was changed, the largest in two of three cases.
fn with_other_module(component: &[u8], dice: &mut Dice) -> Result<Vec<u8>> {
    let mut layers = Layers::of(component)?;
    let mut modules: Vec<usize> = (0..layers.sections.len()).filter(|at| layers.sections[*at].0 == MODULE).collect();
    modules.sort_by_key(|at| std::cmp::Reverse(layers.sections[*at].1.len()));
    for _ in 0..TRIES {
        let at = modules[if dice.below(3) < 2 { 0 } else { below(dice, modules.len()) }];
        let mut mutate = WasmMutate::default();
        mutate.seed(dice.below(u64::MAX)).preserve_semantics(false).fuel(FUEL);
        let module = layers.sections[at].1.clone();
        // A change that does not apply to this module is an error, and another is tried.
        let changed = mutate.run(&module).ok().and_then(|mut changed| changed.next()?.ok());
        if let Some(changed) = changed.filter(|changed| *changed != module) {
            layers.sections[at].1 = changed;
            break;
        }
    }
    Ok(layers.bytes())
}

/// Up to eight bytes are others, and sometimes some are put in between.
fn with_other_bytes(whole: &[u8], from: usize, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..=dice.below(8) {
        let at = from + below(dice, bytes.len() - from);
        bytes[at] = u8::try_from(dice.below(256)).unwrap_or_default();
    }
    if dice.below(4) == 0 {
        let at = from + below(dice, bytes.len() - from);
        bytes.splice(at..at, [0, 1, 0xff]);
    }
    bytes
}

/// Two sections after the manifest are chosen, and something is done with them.
fn with_sections(
    whole: &[u8],
    dice: &mut Dice,
    change: impl FnOnce(&mut Vec<(u8, Vec<u8>)>, usize, usize),
) -> Result<Vec<u8>> {
    let mut layers = Layers::of(whole)?;
    let others = layers.sections.len() - 1;
    let (at, other) = (1 + below(dice, others), 1 + below(dice, others));
    change(&mut layers.sections, at, other);
    Ok(layers.bytes())
}
