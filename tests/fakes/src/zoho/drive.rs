//! WorkDrive's folders, files and links, as they are kept.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

/// The team, the person in it, and the root of what is theirs alone.
pub(crate) const TEAM: &str = "tm5teamvermeulen";
pub(crate) const PERSON: &str = "20081234599";
pub(crate) const MEMBER: &str = "mb7anpeeters";
pub(crate) const OWN: &str = "priv8anpeeters";

/// Seconds in which one folder may be listed nineteen times, and no more.
const WINDOW: i64 = 60;
const LISTINGS: usize = 19;

/// Everything in WorkDrive.
pub(crate) struct Drive {
    pub(crate) personal: bool,
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) links: Vec<Link>,
    listed: BTreeMap<String, VecDeque<i64>>,
    next: u64,
}

/// A folder or a file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) parent: String,
    pub(crate) folder: bool,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) versions: u32,
    pub(crate) changed: i64,
}

/// A link that others can open.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) resource: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) download: bool,
}

impl Drive {
    /// Two team folders, of which the person belongs to the first, and a folder of the person's own.
    pub(crate) fn seeded() -> Self {
        let mut drive =
            Self { personal: false, nodes: BTreeMap::new(), links: Vec::new(), listed: BTreeMap::new(), next: 0 };
        for (id, name, parent) in
            [("wsverslagen01", "Verslagen", TEAM), ("wsdirectie002", "Directie", TEAM), (OWN, "My Folders", MEMBER)]
        {
            let node = Node {
                id: id.to_owned(),
                name: name.to_owned(),
                parent: parent.to_owned(),
                folder: true,
                size: 0,
                sha256: String::new(),
                versions: 1,
                changed: 1_772_438_400,
            };
            drive.nodes.insert(id.to_owned(), node);
        }
        drive
    }

    pub(crate) fn next_id(&mut self) -> String {
        self.next += 1;
        format!("cjr{:06}b39", self.next)
    }

    /// Whether this folder may be listed once more now.
    pub(crate) fn may_list(&mut self, folder: &str, now: i64) -> bool {
        let times = self.listed.entry(folder.to_owned()).or_default();
        times.retain(|at| now - at < WINDOW);
        times.push_back(now);
        times.len() <= LISTINGS
    }

    /// What lies in a folder, by name.
    pub(crate) fn inside(&self, folder: &str) -> Vec<&Node> {
        let mut found: Vec<&Node> = self.nodes.values().filter(|node| node.parent == folder).collect();
        found.sort_by_key(|node| (&node.name, &node.id));
        found
    }

    /// All that is not a root.
    pub(crate) fn nodes(&self) -> Vec<Value> {
        let made = self.nodes.values().filter(|node| node.parent != TEAM && node.parent != MEMBER);
        made.map(|node| {
            json!({ "id": node.id, "name": node.name, "parent": node.parent, "folder": node.folder, "size": node.size,
                "sha256": node.sha256, "versions": node.versions })
        })
        .collect()
    }

    pub(crate) fn links(&self) -> Vec<Value> {
        self.links.iter().map(|link| json!({ "id": link.id, "resource": link.resource, "name": link.name })).collect()
    }

    pub(crate) fn folder_named(&self, name: &str) -> Option<String> {
        self.nodes.values().find(|node| node.folder && node.name == name).map(|node| node.id.clone())
    }
}

impl Node {
    /// The permalink of this data centre.
    pub(crate) fn permalink(&self, api: &str) -> String {
        let end = api.trim_start_matches("www.zohoapis");
        let kind = if self.folder { "folder" } else { "file" };
        format!("https://workdrive.zoho{end}/{kind}/{}", self.id)
    }

    pub(crate) fn json(&self, api: &str) -> Value {
        let ms = self.changed.saturating_mul(1_000);
        json!({
            "id": self.id,
            "type": "files",
            "attributes": {
                "name": self.name,
                "type": if self.folder { "folder" } else { "pdf" },
                "is_folder": self.folder,
                "created_time_in_millisecond": ms,
                // Sometimes as a text.
                "modified_time_in_millisecond": ms.to_string(),
                "storage_info": { "size_in_bytes": self.size, "files_count": 0, "folders_count": 0 },
                "permalink": self.permalink(api),
                "parent_id": self.parent,
            },
        })
    }
}
