//! The pickers of WorkDrive's folders: first the roots that the person may choose from, then what lies in one of them. What
//! is picked here is what the settings take as the folder of reports.

use patchbay_sdk::{Choice, Choices, Context, Error, PickRequest, Result};

use crate::wire::Api;

/// Choices of one answer.
const MOST: usize = 100;

pub(crate) fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
    let api = Api::of(ctx)?;
    let wanted = request.query.trim().to_lowercase();
    let fits = |name: &str| wanted.is_empty() || name.to_lowercase().contains(&wanted);
    let mut items = Vec::new();
    match request.picker.as_str() {
        "workdrive-roots" => {
            for root in api.roots()? {
                let name = root.attributes.name.unwrap_or_else(|| root.id.0.clone());
                if fits(&name) && items.len() < MOST {
                    items.push(Choice::of(root.id.0, name));
                }
            }
        }
        "workdrive-folders" => {
            let Some(root) = request.parent("workdrive-roots") else {
                return Err(Error::other("Choose the team folder first."));
            };
            api.inside(root, |node| {
                let name = node.attributes.name.clone().unwrap_or_else(|| node.id.0.clone());
                if node.attributes.is_folder && fits(&name) {
                    items.push(Choice::of(&node.id.0, name));
                }
                items.len() >= MOST
            })?;
        }
        _ => return Err(Error::unsupported(format!("This connector has no picker `{}`.", request.picker))),
    }
    Ok(Choices::of(items))
}
