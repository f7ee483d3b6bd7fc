//! WorkDrive: folders, uploads, links, and what its statuses mean. Its requests and answers are JSON:API, but for the upload.

use patchbay_sdk::{
    Case, Error, Object, Result,
    http::{self, Part, Request, Response},
    run,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::wire::{Api, Text, write};

const MEDIA: &str = "application/vnd.api+json";
/// Names in one page of a folder's list.
const NAMES: u32 = 200;
/// Pages of one folder that are looked through: nineteen lists of one folder a minute are allowed.
const PAGES: u32 = 10;

/// A folder, a file, a team or a link.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Node<T> {
    pub(crate) id: Text,
    pub(crate) attributes: T,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Named {
    #[serde(alias = "link_name")]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) is_folder: bool,
    pub(crate) permalink: Option<String>,
    /// Whether the person belongs to a team's folder.
    pub(crate) is_partof: Option<bool>,
    pub(crate) edition: Option<String>,
    /// The address of a link.
    pub(crate) link: Option<String>,
}

#[derive(Deserialize)]
struct One<T> {
    data: T,
}

#[derive(Deserialize)]
struct Listed {
    data: Vec<Node<Named>>,
    links: Option<Links>,
}

#[derive(Deserialize)]
struct Links {
    cursor: Option<Cursor>,
}

#[derive(Deserialize)]
struct Cursor {
    #[serde(default)]
    has_next: bool,
    next: Option<String>,
}

/// What an upload is answered with: an item without an id of its own.
#[derive(Deserialize)]
struct Uploaded {
    attributes: UploadedAs,
}

#[derive(Deserialize)]
struct UploadedAs {
    resource_id: Text,
    #[serde(rename = "Permalink", alias = "permalink")]
    permalink: Option<String>,
}

/// Some answers hold one item, some a list of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    More(Vec<Node<Named>>),
    One(Node<Named>),
}

#[derive(Default, Deserialize)]
struct Problems {
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Default, Deserialize)]
struct Problem {
    id: Option<String>,
    title: Option<String>,
}

impl Api {
    fn drive_get(&self, path: &[&str]) -> Result<Request> {
        Ok(http::get(http::address(&self.drive, path)?).header("accept", MEDIA))
    }

    fn drive_post(&self, path: &[&str]) -> Result<Request> {
        Ok(http::post(http::address(&self.drive, path)?).header("accept", MEDIA))
    }

    /// The folders that the person may choose from: those of the teams, and the person's own.
    pub(crate) fn roots(&self) -> Result<Vec<Node<Named>>> {
        let me: One<Node<Named>> = ok(self.drive_get(&["users", "me"])?.send()?)?.json()?;
        if me.data.attributes.edition.as_deref() == Some("PERSONAL") {
            // An edition for one person has no teams.
            return self.own_space(&me.data.id.0);
        }
        let mut roots = Vec::new();
        for team in self.all(&["users", &me.data.id.0, "teams"])? {
            let team = team.id.0;
            let folders = self.all(&["teams", &team, &self.assumed.team_folders])?;
            roots.extend(folders.into_iter().filter(|folder| folder.attributes.is_partof != Some(false)));
            let member: One<Node<Named>> = ok(self.drive_get(&["teams", &team, "currentuser"])?.send()?)?.json()?;
            roots.extend(self.own_space(&member.data.id.0)?);
        }
        Ok(roots)
    }

    /// The person's own folder of the first team.
    pub(crate) fn own_folder(&self) -> Result<String> {
        let nowhere =
            || Error::invalid_config("There is no folder for reports in Zoho WorkDrive. Choose one in the settings.");
        let me: One<Node<Named>> = ok(self.drive_get(&["users", "me"])?.send()?)?.json()?;
        let person = if me.data.attributes.edition.as_deref() == Some("PERSONAL") {
            me.data.id.0
        } else {
            let team = self.all(&["users", &me.data.id.0, "teams"])?.into_iter().next().ok_or_else(nowhere)?;
            let member = self.drive_get(&["teams", &team.id.0, "currentuser"])?.send()?;
            ok(member)?.json::<One<Node<Named>>>()?.data.id.0
        };
        self.own_space(&person)?.into_iter().next().map(|space| space.id.0).ok_or_else(nowhere)
    }

    fn own_space(&self, person: &str) -> Result<Vec<Node<Named>>> {
        let answer = ok(self.drive_get(&["users", person, "privatespace"])?.send()?)?;
        Ok(match answer.json::<One<OneOrMore>>()?.data {
            OneOrMore::More(all) => all,
            OneOrMore::One(one) => vec![one],
        })
    }

    fn all(&self, path: &[&str]) -> Result<Vec<Node<Named>>> {
        Ok(ok(self.drive_get(path)?.send()?)?.json::<Listed>()?.data)
    }

    /// What a folder holds, as far as it is looked through; `wanted` ends it.
    pub(crate) fn inside(
        &self,
        folder: &str,
        mut wanted: impl FnMut(&Node<Named>) -> bool,
    ) -> Result<Option<Node<Named>>> {
        let mut next = "0".to_owned();
        for _ in 0..PAGES {
            let request = self.drive_get(&["files", folder, "files"])?;
            let answer = ok(request.query("page[limit]", NAMES).query("page[next]", &next).send()?)?;
            let listed: Listed = answer.json()?;
            if let Some(found) = listed.data.into_iter().find(|node| wanted(node)) {
                return Ok(Some(found));
            }
            let cursor = listed.links.and_then(|links| links.cursor).filter(|cursor| cursor.has_next);
            let Some(cursor) = cursor else { return Ok(None) };
            let mark = cursor.next.as_deref().and_then(next_mark);
            next =
                mark.filter(|mark| *mark != next).ok_or_else(|| answer.unreadable("a next page without its mark"))?;
        }
        Err(Error::other("The folder in Zoho WorkDrive holds more than can be looked through.")
            .detail(format!("{PAGES} pages of {NAMES} names, and still more")))
    }

    /// Makes a folder; its id.
    pub(crate) fn make_folder(&self, name: &str, parent: &str, step: &str) -> Result<String> {
        let body = json!({ "data": { "attributes": { "name": name, "parent_id": parent }, "type": "files" } });
        let answer = taken(write(self.drive_post(&["files"])?.json(&body), step).send()?, step)?;
        Ok(answer.json::<One<Node<Named>>>()?.data.id.0)
    }

    /// Uploads a file; where it is. One of the same name becomes a new version of it, not a second file.
    pub(crate) fn upload(&self, name: &str, folder: &str, content: Part, step: &str) -> Result<Object> {
        let told = if self.assumed.filename_encoded_twice { encoded(name)? } else { name.to_owned() };
        let request = self
            .drive_post(&["upload"])?
            .query("filename", told)
            .query("parent_id", folder)
            .query("override-name-exist", true)
            .multipart(vec![content.filename(name)]);
        let answer = taken(write(request, step).send()?, step)?;
        let Some(made) = answer.json::<One<Vec<Uploaded>>>()?.data.into_iter().next() else {
            return Err(answer.unreadable("no file"));
        };
        Ok(of(made.attributes.resource_id.0, made.attributes.permalink))
    }

    /// Makes a link that anyone can open; its address.
    pub(crate) fn make_link(&self, file: &str, name: &str, step: &str) -> Result<Object> {
        #[derive(Serialize)]
        struct Link<'a> {
            resource_id: &'a str,
            link_name: &'a str,
            request_user_data: bool,
            allow_download: bool,
            role_id: &'a str,
        }
        let role_id = self.assumed.link_role.as_str();
        let attributes =
            Link { resource_id: file, link_name: name, request_user_data: false, allow_download: true, role_id };
        let body = json!({ "data": { "attributes": attributes, "type": "links" } });
        let answer = taken(write(self.drive_post(&["links"])?.json(&body), step).send()?, step)?;
        let made = answer.json::<One<Node<Named>>>()?.data;
        match made.attributes.link {
            Some(link) => Ok(Object::of(made.id.0).url(link)),
            None => Err(answer.unreadable("a link without its address")),
        }
    }

    /// The link of this name.
    pub(crate) fn link_of(&self, file: &str, name: &str) -> Result<Option<Object>> {
        let links = self.all(&["files", file, "links"])?;
        let found = links.into_iter().find(|link| link.attributes.name.as_deref() == Some(name));
        Ok(found.and_then(|link| Some(Object::of(link.id.0).url(link.attributes.link?))))
    }
}

/// An item with its address.
pub(crate) fn of(id: String, permalink: Option<String>) -> Object {
    match permalink.filter(|url| url.starts_with("https://")) {
        Some(url) => Object::of(id).url(url),
        None => Object::of(id),
    }
}

/// The value of `page[next]` in the address of the next page. The address itself is never followed.
fn next_mark(address: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let value = query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        matches!(name, "page[next]" | "page%5Bnext%5D" | "page%5bnext%5d").then_some(value)
    })?;
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
    (plain && !value.is_empty()).then(|| value.to_owned())
}

/// A name as a value of WorkDrive: percent-encoded, before it is encoded once more as a parameter.
fn encoded(name: &str) -> Result<String> {
    // The address of one segment is exactly that.
    Ok(http::address("", &[name])?.trim_start_matches('/').to_owned())
}

/// The answer to a write. An error of what was sent in the guise of an outage (500 with an id) is a refusal: nothing was
/// written, and nobody has to look for it.
fn taken(response: Response, step: &str) -> Result<Response> {
    let status = response.status();
    ok(response).inspect_err(|error| {
        if status == 500 && error.case() == Case::InvalidInput {
            run::step_refused(step);
        }
    })
}

/// The answer, when it is a success; else what WorkDrive means by it.
fn ok(response: Response) -> Result<Response> {
    if response.is_success() {
        return Ok(response);
    }
    let problems: Problems = response.json().unwrap_or_default();
    let Problem { id, title } = problems.errors.into_iter().next().unwrap_or_default();
    let (id, title) = (id.unwrap_or_default(), title.unwrap_or_default());
    let error = match id.as_str() {
        "" => response.error(),
        id => response.error().provider_code(id),
    };
    let expired = response.header("www-authenticate").is_some_and(|header| header.contains("expired_token"));
    Err(match (response.status(), id.as_str()) {
        (401, _) if expired => error.message("Zoho WorkDrive does not accept the login any more. Reconnect."),
        // No fresh token helps against this one.
        (401, "R008") => error
            .as_case(Case::NotFound)
            .message("This folder or file is not there in Zoho WorkDrive, or is hidden from the person who connected."),
        (401, id) if id == "F7003" || title.contains("INVALID_OAUTHSCOPE") => error
            .as_case(Case::PermissionDenied)
            .message("Zoho WorkDrive was not allowed when Zoho was connected. Reconnect, and accept everything."),
        (402, _) => error.message("The licence of Zoho WorkDrive has expired."),
        (404, _) => error.message("Zoho WorkDrive does not know this."),
        (405 | 415, _) => error.as_case(Case::Other),
        (422, _) => error.message("Zoho WorkDrive refuses what was sent."),
        (429, _) => {
            let wait = response.retry_after_ms().unwrap_or(60_000);
            error.message("Zoho WorkDrive asks to wait.").retry_after_ms(wait)
        }
        // An error of what was sent in the guise of an outage: the same again would be refused again.
        (500, id) if !id.is_empty() => {
            let case = if error.case() == Case::OutcomeUnknown { Case::InvalidInput } else { Case::Other };
            error.as_case(case).message("Zoho WorkDrive refuses what was sent.")
        }
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::{encoded, next_mark};

    #[test]
    fn the_mark_of_the_next_page_is_taken_out_of_its_address_and_nothing_else() {
        let address = "https://workdrive.zoho.eu/api/v1/files/g4xh1/files?page%5Blimit%5D=50&page%5Bnext%5D=50";
        assert_eq!(next_mark(address).as_deref(), Some("50"));
        assert_eq!(next_mark("https://a.example/x?page[next]=a1-b"), Some("a1-b".to_owned()));
        for wrong in ["", "https://a.example/x", "?page[next]=", "?page[next]=1/../2", "?other=3"] {
            assert_eq!(next_mark(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_is_encoded_as_a_value_of_its_own() {
        assert_eq!(encoded("Verslag + café 12/3.pdf").unwrap(), "Verslag%20%2B%20caf%C3%A9%2012%2F3.pdf");
    }
}
