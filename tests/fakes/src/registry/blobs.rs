//! What a registry does with each request: manifests, blobs, uploads.

use super::{
    Answers, Shelf, Stored, digest,
    http::{Answer, Body, Request},
    tokens::FILES,
};

impl Shelf {
    /// The answer to a request.
    pub(super) fn answer(&mut self, request: &Request) -> Answer {
        let path = request.path();
        if let Some(file) = self.files.get(path) {
            return served(file, request);
        }
        if path == "/token" {
            return self.token(request);
        }
        let Some(rest) = path.strip_prefix("/v2/") else { return Answer::refusal(404, "UNKNOWN") };
        let reads = matches!(request.method.as_str(), "GET" | "HEAD");
        match (self.answers, reads) {
            (Answers::Busy, true) => return Answer::refusal(429, "TOOMANYREQUESTS").header("retry-after", "7"),
            (Answers::Broken, true) => return Answer::refusal(500, "INTERNAL"),
            (Answers::Silent, true) => return Answer::of(Body::Never),
            _ => {}
        }
        if let Some(challenge) = self.challenge(request) {
            return challenge;
        }
        if rest.is_empty() {
            return Answer::json(200, "{}");
        }
        if let Some((repository, reference)) = rest.split_once("/manifests/") {
            return match request.method.as_str() {
                "PUT" => self.take_manifest(repository, reference, request),
                _ => self.give_manifest(repository, reference),
            };
        }
        match rest.split_once("/blobs/") {
            Some((repository, upload)) if upload.starts_with("uploads") => self.upload(repository, upload, request),
            Some((_, digest)) => self.give_blob(digest, request),
            None => Answer::refusal(404, "UNKNOWN"),
        }
    }

    fn take_manifest(&mut self, repository: &str, reference: &str, request: &Request) -> Answer {
        let media_type = request.header("content-type").unwrap_or_default().to_owned();
        let digest = self.keep_manifest(repository, reference, &media_type, request.body.clone());
        Answer::created(&format!("/v2/{repository}/manifests/{digest}")).header("docker-content-digest", &digest)
    }

    fn give_manifest(&self, repository: &str, reference: &str) -> Answer {
        let named = (repository.to_owned(), reference.to_owned());
        let key = match self.tags.get(&named) {
            Some(digest) => (repository.to_owned(), digest.clone()),
            None => named,
        };
        let Some(found) = self.manifests.get(&key) else { return Answer::refusal(404, "MANIFEST_UNKNOWN") };
        let honest = Answer::bytes(&found.media_type, found.bytes.clone());
        match self.answers {
            Answers::OtherManifest => {
                let mut bytes = found.bytes.clone();
                bytes.push(b'\n');
                Answer::bytes(&found.media_type, bytes).header("docker-content-digest", &key.1)
            }
            Answers::EndlessManifest => Answer::endless(&found.media_type),
            Answers::WrongDigestHeader => honest.header("docker-content-digest", &digest(b"something else")),
            _ => honest.header("docker-content-digest", &key.1),
        }
    }

    fn give_blob(&self, wanted: &str, request: &Request) -> Answer {
        let Some(found) = self.blobs.get(wanted) else { return Answer::refusal(404, "BLOB_UNKNOWN") };
        const OCTETS: &str = "application/octet-stream";
        let elsewhere = |to: &str| Answer::refusal(307, "").header("location", to);
        match self.answers {
            Answers::OtherBytes => Answer::bytes(OCTETS, found.iter().map(|byte| byte ^ 1).collect())
                .header("docker-content-digest", wanted),
            Answers::EndlessBlob => Answer::endless(OCTETS),
            Answers::ShortBlob => {
                let half = found.get(..found.len() / 2).unwrap_or_default();
                Answer::bytes(OCTETS, half.to_vec())
            }
            Answers::RedirectInside => elsewhere("https://169.254.169.254/latest/meta-data"),
            Answers::RedirectAway => elsewhere("https://files.evil.example/blob"),
            Answers::RedirectRound => elsewhere(&format!("https://{}{}", request.host(), request.target)),
            Answers::RedirectToFiles | Answers::FilesAsk if request.host() != FILES => {
                elsewhere(&format!("https://{FILES}{}", request.target))
            }
            Answers::Slow => Answer::of(Body::Slow(found.clone())),
            _ => Answer::bytes(OCTETS, found.clone()),
        }
    }

    /// `POST uploads/` begins, `PATCH` adds, `PUT ?digest=` ends; a `PUT` may bring all of it at once.
    fn upload(&mut self, repository: &str, upload: &str, request: &Request) -> Answer {
        let id: u64 = upload.trim_start_matches("uploads").trim_matches('/').parse().unwrap_or_default();
        let place = |id: u64| format!("/v2/{repository}/blobs/uploads/{id}?state=kept");
        match request.method.as_str() {
            "POST" => {
                self.uploads_begun += 1;
                self.uploads.insert(self.uploads_begun, Vec::new());
                Answer::accepted(&place(self.uploads_begun))
            }
            "PATCH" => {
                let Some(begun) = self.uploads.get_mut(&id) else { return Answer::refusal(404, "BLOB_UPLOAD_UNKNOWN") };
                begun.extend_from_slice(&request.body);
                let range = format!("0-{}", begun.len().saturating_sub(1));
                Answer::accepted(&place(id)).header("range", &range)
            }
            "PUT" => {
                let Some(mut whole) = self.uploads.remove(&id) else {
                    return Answer::refusal(404, "BLOB_UPLOAD_UNKNOWN");
                };
                whole.extend_from_slice(&request.body);
                let named = request.parameter("digest").unwrap_or_default();
                let is = digest(&whole);
                if named != is || request.parameter("state").as_deref() != Some("kept") {
                    return Answer::refusal(400, "DIGEST_INVALID");
                }
                self.blobs.insert(is.clone(), whole);
                Answer::created(&format!("/v2/{repository}/blobs/{is}")).header("docker-content-digest", &is)
            }
            _ => Answer::refusal(405, "UNSUPPORTED"),
        }
    }
}

/// A file, or nothing where who asks has it already.
fn served(file: &Stored, request: &Request) -> Answer {
    let tag = format!("\"{}\"", digest(&file.bytes));
    if request.header("if-none-match") == Some(&tag) {
        return Answer::json(304, "").header("etag", &tag);
    }
    Answer::bytes(&file.media_type, file.bytes.clone()).header("etag", &tag)
}
