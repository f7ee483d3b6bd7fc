//! How much there is in a component, at every depth, counted without reading what is counted.
//!
//! A compiler's work and memory grow with the number of parts, not only with their bytes, and not always in line: a
//! hundred thousand types fit into 200 KB. The compile child has its limits, but a child that runs into them has cost
//! twenty seconds of a processor first. So what no connector has is refused here, by numbers that each section says of
//! itself and by lengths: one pass over the file, nothing is kept, nested components included.
//!
//! Each bound is ten times and more what the largest connector needed that was seen, a Python one of 18 MB with its
//! interpreter in it (a Rust one needs a tenth of that). Between a bound and a bomb the child decides.

use wasmparser::{Parser, Payload};

use super::sections::damaged;
use crate::{Code, Fault};

/// How deep components may stand in components.
const DEPTH: usize = 8;

/// What is counted.
#[derive(Debug, Clone, Copy)]
enum Part {
    Sections,
    Modules,
    Types,
    TypeBytes,
    Imports,
    Instances,
    Aliases,
    Functions,
    Locals,
    Segments,
}

/// In the order of [`Part`]: its name, and how many there may be at all depths together.
const BOUNDS: [(&str, u64); 10] = [
    ("sections", 20_000),                     // seen: 809
    ("modules and components", 500),          // 18
    ("types", 20_000),                        // 1,384
    ("bytes of types", 128 * 1024),           // 21,586
    ("imports and exports", 100_000),         // 6,617
    ("instances", 1_000),                     // 71
    ("aliases and lifted functions", 20_000), // 1,516
    ("functions", 200_000),                   // 13,383
    ("local variables", 1_000_000),           // 47,876
    ("segments of data and tables", 30_000),  // 2,002
];

/// Bytes of one function; the largest that was seen, the loop of an interpreter, has 426,843.
const FUNCTION_BYTES: usize = 4 * 1024 * 1024;

/// Refuses a component that has more of something than any connector needs.
pub(super) fn take(bytes: &[u8]) -> Result<(), Fault> {
    let mut census = Census::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| damaged(error.offset()).operator(error))?;
        census.note(&payload)?;
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Census {
    depth: usize,
    counts: [u64; BOUNDS.len()],
}

impl Census {
    fn note(&mut self, payload: &Payload<'_>) -> Result<(), Fault> {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                self.depth += 1;
                if self.depth > DEPTH {
                    return Err(beyond(&format!("parts that stand in each other more than {DEPTH} deep")));
                }
                self.add(Part::Modules, 1)?;
            }
            Payload::End(_) => self.depth = self.depth.saturating_sub(1),
            Payload::TypeSection(types) => self.types(types.count(), types.range())?,
            Payload::CoreTypeSection(types) => self.types(types.count(), types.range())?,
            Payload::ComponentTypeSection(types) => self.types(types.count(), types.range())?,
            Payload::ImportSection(imports) => self.add(Part::Imports, imports.count())?,
            Payload::ExportSection(exports) => self.add(Part::Imports, exports.count())?,
            Payload::ComponentImportSection(imports) => self.add(Part::Imports, imports.count())?,
            Payload::ComponentExportSection(exports) => self.add(Part::Imports, exports.count())?,
            Payload::InstanceSection(instances) => self.add(Part::Instances, instances.count())?,
            Payload::ComponentInstanceSection(instances) => self.add(Part::Instances, instances.count())?,
            Payload::ComponentAliasSection(aliases) => self.add(Part::Aliases, aliases.count())?,
            Payload::ComponentCanonicalSection(lifted) => self.add(Part::Aliases, lifted.count())?,
            Payload::FunctionSection(functions) => self.add(Part::Functions, functions.count())?,
            Payload::ElementSection(segments) => self.add(Part::Segments, segments.count())?,
            Payload::DataSection(segments) => self.add(Part::Segments, segments.count())?,
            Payload::CodeSectionEntry(function) => {
                let bytes = function.range().len();
                if bytes > FUNCTION_BYTES {
                    return Err(beyond(&format!("a function of {bytes} bytes; {FUNCTION_BYTES} are the most")));
                }
                let read = |error: wasmparser::BinaryReaderError| damaged(error.offset()).operator(error);
                for locals in function.get_locals_reader().map_err(read)? {
                    let (count, _) = locals.map_err(read)?;
                    self.add(Part::Locals, count)?;
                }
                // Functions were counted where they are declared.
                return Ok(());
            }
            _ => {}
        }
        self.add(Part::Sections, 1)
    }

    fn types(&mut self, count: u32, range: std::ops::Range<usize>) -> Result<(), Fault> {
        self.add(Part::TypeBytes, u32::try_from(range.len()).unwrap_or(u32::MAX))?;
        self.add(Part::Types, count)
    }

    fn add(&mut self, part: Part, count: u32) -> Result<(), Fault> {
        let place = part as usize;
        let (Some(found), Some((what, most))) = (self.counts.get_mut(place), BOUNDS.get(place)) else { return Ok(()) };
        *found = found.saturating_add(u64::from(count));
        if *found > *most {
            return Err(beyond(&format!("more than {most} {what}")));
        }
        Ok(())
    }
}

fn beyond(what: &str) -> Fault {
    Fault::because(Code::TooIntricate, format!("This component has {what}"))
}

#[cfg(test)]
mod tests;
