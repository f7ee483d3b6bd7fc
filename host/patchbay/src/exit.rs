//! What the process says when it ends, so that a script can branch on it.

use std::process::ExitCode;

use patchbay_model::{Code, Fault};

macro_rules! exits {
    ($($number:literal $name:ident $meaning:literal;)*) => {
        /// How a command ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Exit {$(
            #[doc = $meaning]
            $name = $number,
        )*}

        /// Every exit code and its meaning; `--help` prints it.
        pub(crate) const EXITS: &[(u8, &str)] = &[$(($number, $meaning)),*];
    };
}

exits! {
    0 Done "it worked";
    1 Failed "it did not work; the message says why";
    2 Usage "the command line is wrong";
    3 Configuration "the configuration is wrong";
    4 Unreachable "no host answers there";
    5 Refused "the input was refused: a manifest, a component, a request";
    6 NotAllowed "the API key is missing, wrong, or may not do this";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The table of exit codes for `--help`.
pub(crate) fn table() -> String {
    let lines: Vec<String> = EXITS.iter().map(|(number, meaning)| format!("  {number}  {meaning}")).collect();
    format!("Exit codes:\n{}", lines.join("\n"))
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) struct Stop {
    /// For the script.
    pub(crate) exit: Exit,
    /// For the person.
    pub(crate) fault: Fault,
}

impl Stop {
    /// It did not work, and no code of the table fits better.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, fault: Fault::because(Code::Internal, text) }
    }

    /// A file cannot be read or written.
    pub(crate) fn file(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::failed(format!("{} cannot be {action}: {error}", path.display()))
    }

    /// Prints it for a person: what, where, and where to read more.
    pub(crate) fn print(&self) {
        let coded = self.fault.code != Code::Internal;
        let code = if coded { format!(" {}", self.fault.code.id()) } else { String::new() };
        eprintln!("error{code}: {}", self.fault.person);
        if let Some(reason) = &self.fault.operator {
            eprintln!("  because: {reason}");
        }
        for field in &self.fault.fields {
            eprintln!("  {}: {}", field.pointer, field.message);
        }
        if coded {
            eprintln!("  more: patchbay explain {}", self.fault.code.id());
        }
    }
}

/// Which exit a failure of the rooms below means.
impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        let exit = match fault.code {
            Code::ConfigInvalid | Code::KeyMismatch => Exit::Configuration,
            Code::NotAComponent
            | Code::CoreModule
            | Code::ContractUnsupported
            | Code::ManifestMissing
            | Code::ManifestInvalid
            | Code::ComponentTooLarge
            | Code::CompileFailed
            | Code::ProbeFailed
            | Code::ExportsDisagree => Exit::Refused,
            Code::Unauthenticated | Code::Forbidden => Exit::NotAllowed,
            _ => Exit::Failed,
        };
        Self { exit, fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_is_in_the_table_once() {
        let text = table();
        for (place, (number, meaning)) in EXITS.iter().enumerate() {
            assert_eq!(usize::from(*number), place, "the codes have no gaps");
            assert!(text.contains(&format!("  {number}  {meaning}")));
        }
        assert_eq!(Exit::NotAllowed as usize, EXITS.len() - 1);
    }

    #[test]
    fn a_refused_component_and_a_wrong_configuration_end_differently() {
        assert_eq!(Stop::from(Fault::new(Code::CoreModule)).exit, Exit::Refused);
        assert_eq!(Stop::from(Fault::new(Code::ConfigInvalid)).exit, Exit::Configuration);
        assert_eq!(Stop::from(Fault::new(Code::StorageFailed)).exit, Exit::Failed);
    }
}
