//! `[key]`: where the key that seals credentials comes from. Exactly one source, so that nobody has to
//! know which of two would have won.

use std::path::{Path, PathBuf};

use super::{
    reader::Reader,
    source::{Place, variable},
};

/// Where the text of the key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// A file; made at the first start.
    File(PathBuf),
    /// A variable of the process, by its name.
    Environment(String),
    /// What a program prints: the program and its arguments, run without a shell.
    Command(Vec<String>),
    /// A credential that systemd hands over, by its name.
    Credential(String),
}

const FILE: &str = "key.file";
/// Read before the other variables, too: the variable that it names is none of the configuration.
pub(super) const ENVIRONMENT: &str = "key.env";
const COMMAND: &str = "key.command";
const CREDENTIAL: &str = "key.credential";

impl Key {
    /// Reads the section; `default` is the file that holds without one.
    pub(super) fn read(from: &mut Reader<'_>, default: impl FnOnce() -> PathBuf) -> Self {
        let mut written: Vec<(&str, Place)> = [FILE, ENVIRONMENT, COMMAND, CREDENTIAL]
            .into_iter()
            .filter_map(|key| Some((key, from.place(key)?)))
            .collect();
        let first = written.pop();
        for (key, place) in written {
            let other = first.as_ref().map_or(FILE, |(other, _)| other);
            from.complain(&place, format!("`{key}` and `{other}` are both set; the key has one source, so keep one"));
        }
        let chosen = match first {
            Some((ENVIRONMENT, _)) => Self::environment(from),
            Some((COMMAND, _)) => Self::command(from),
            Some((CREDENTIAL, _)) => Self::credential(from),
            _ => return Self::File(from.path(FILE, default)),
        };
        // Whoever has complained ends the reading; the file stands in until then.
        chosen.unwrap_or_else(|| Self::File(default()))
    }

    fn environment(from: &mut Reader<'_>) -> Option<Self> {
        let (name, place) = from.text(ENVIRONMENT)?;
        if name.contains(['=', '\0']) {
            from.complain(&place, format!("`{ENVIRONMENT}` has to be the name of a variable, not its value"));
            return None;
        }
        Some(Self::Environment(name))
    }

    fn command(from: &mut Reader<'_>) -> Option<Self> {
        let place = from.place(COMMAND)?;
        let complaints = from.problems.len();
        let words = from.texts(COMMAND);
        if from.problems.len() > complaints {
            return None;
        }
        let mut command: Vec<String> = words.into_iter().map(|(word, _)| word).collect();
        match command.first_mut() {
            Some(program) if !program.is_empty() => {
                // A path of the file starts from its folder, as everywhere; a bare name is looked up in PATH.
                if program.contains('/') && matches!(place, Place::Line(_)) {
                    *program = from.folder().join(Path::new(&*program)).to_string_lossy().into_owned();
                }
            }
            _ => {
                from.complain(&place, format!("`{COMMAND}` has to be a list: the program and its arguments"));
                return None;
            }
        }
        if command.iter().any(|word| word.contains('\0')) {
            from.complain(&place, format!("`{COMMAND}` holds a zero byte, which no program can be given"));
            return None;
        }
        Some(Self::Command(command))
    }

    fn credential(from: &mut Reader<'_>) -> Option<Self> {
        let (name, place) = from.text(CREDENTIAL)?;
        if name.contains(['/', '\0']) || matches!(name.as_str(), "." | "..") {
            from.complain(&place, format!("`{CREDENTIAL}` has to be a name as in LoadCredential=, without a path"));
            return None;
        }
        Some(Self::Credential(name))
    }

    /// Which key of the configuration it was written under.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::File(_) => FILE,
            Self::Environment(_) => ENVIRONMENT,
            Self::Command(_) => COMMAND,
            Self::Credential(_) => CREDENTIAL,
        }
    }
}

/// As a person names it. A command is named by its program: an argument may be a secret of its own.
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Environment(name) => write!(f, "the variable {name}"),
            Self::Command(words) => write!(f, "the command {}", words.first().map_or("", String::as_str)),
            Self::Credential(name) => write!(f, "the systemd credential {name}"),
        }
    }
}

/// The variable that sets the name of the key's variable.
pub(super) fn environment_variable() -> String {
    variable(ENVIRONMENT)
}
