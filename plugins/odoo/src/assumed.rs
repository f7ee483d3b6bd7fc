//! What the sheet does not know for certain, under the names by which an operator corrects it; and a person's settings.

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

/// `context.config`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Assumed {
    /// Records to ask for in one page. Odoo names no limit; 200 to 1,000 are polite.
    pub(crate) page_size: u32,
    /// The first version in which `message_post` has to be told that its text is HTML. Before it the argument does not exist.
    pub(crate) html_flag_from: u64,
    /// What makes a message a note that e-mails nobody.
    pub(crate) note_subtype: String,
    /// The type of activity that a to-do becomes.
    pub(crate) todo_type: String,
    /// Where a person sees a record, with `{model}` and `{id}`.
    pub(crate) record_path: String,
    /// What names of custom models begin with.
    pub(crate) custom_prefix: String,
    /// Further models that discovery offers where the database has them.
    pub(crate) more_models: Vec<String>,
    /// When records have vanished, everything is read anew at most so often.
    pub(crate) full_pass_hours: u64,
    /// Everything is read anew at least so often.
    pub(crate) full_pass_days: u64,
}

/// What a person chooses for the connection.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Settings {
    /// The language of names that are translated; it has to be installed.
    #[serde(default = "english")]
    pub(crate) language: String,
    /// What a to-do of a meeting becomes.
    #[serde(default)]
    pub(crate) todos: Todos,
    /// The project that to-dos go to as tasks; none for tasks without a project.
    pub(crate) todo_project: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Todos {
    /// An activity on the record that was chosen.
    #[default]
    Activity,
    /// A task.
    Task,
}

pub(crate) fn of(ctx: &Context) -> Result<(Assumed, Settings)> {
    Ok((ctx.config()?, ctx.settings()?))
}

fn english() -> String {
    "en_US".to_owned()
}
