//! How a registry answers: as it should, or as one that lies, breaks down or was taken over.

/// What it does to who pulls. Pushes are always taken as they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// As it should.
    #[default]
    Honest,
    /// Other bytes of the same length in the place of each blob.
    OtherBytes,
    /// Another manifest than the one that the digest names.
    OtherManifest,
    /// A blob without an end, and without a length.
    EndlessBlob,
    /// A manifest without an end.
    EndlessManifest,
    /// A blob that is shorter than its descriptor says.
    ShortBlob,
    /// A header that says another digest than the bytes have.
    WrongDigestHeader,
    /// Blobs are at an address of the network inside.
    RedirectInside,
    /// Blobs are at a host of somebody else.
    RedirectAway,
    /// Blobs are at itself, for ever.
    RedirectRound,
    /// Blobs are at `files.example`, where it serves them.
    RedirectToFiles,
    /// The same, and there somebody asks for the password of the registry.
    FilesAsk,
    /// Tokens are to be had at a host of somebody else.
    TokensElsewhere,
    /// Tokens without an end.
    EndlessToken,
    /// Too many requests.
    Busy,
    /// It broke down.
    Broken,
    /// It takes the request and says nothing.
    Silent,
    /// One byte a second.
    Slow,
}
