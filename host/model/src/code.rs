//! Every failure that a person can meet has a code, and every code has a page.
//!
//! The page says what happened, what it means and what to do; `patchbay explain CODE` prints it, the API
//! links it. The kind decides the HTTP status once, in the `api` room.

/// What sort of failure a code is. Decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The caller sent something wrong.
    Invalid,
    /// The caller sent too much.
    TooLarge,
    /// No key, or a wrong one.
    Unauthenticated,
    /// A key that may not do this.
    Forbidden,
    /// Too often, for now.
    TooOften,
    /// It does not exist for this caller.
    NotFound,
    /// The method does not exist here.
    MethodNotAllowed,
    /// The content type is not taken here.
    MediaType,
    /// It does not fit the present state.
    Conflict,
    /// It was there and is kept no longer.
    Gone,
    /// The provider answered in a way that cannot be used.
    Upstream,
    /// It passes by itself.
    Unavailable,
    /// Work in the background failed; seldom the answer of a request.
    Failed,
    /// Work in the background was interrupted on purpose.
    Pause,
    /// A defect of the host.
    Internal,
}

macro_rules! codes {
    ($($id:literal $name:ident $kind:ident $title:literal;)*) => {
        /// A failure that has a page.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {$(
            #[doc = $title]
            $name,
        )*}

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its number, e.g. `PB1001`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => concat!("PB", $id)),* }
            }

            /// One line for the person.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }

            /// What sort of failure it is.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind),* }
            }

            /// Its page, Markdown.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("errors/PB", $id, ".md"))),* }
            }

            /// What happened, from its page: one paragraph.
            #[must_use]
            pub fn happened(self) -> &'static str {
                self.paragraph("**What happened.** ")
            }

            /// What to do about it, from its page: one paragraph.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                self.paragraph("**What to do.** ")
            }

            fn paragraph(self, heading: &str) -> &'static str {
                self.page().lines().find_map(|line| line.strip_prefix(heading)).unwrap_or_default()
            }

            /// The code of a number, whatever its case.
            #[must_use]
            pub fn from_id(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
            }
        }
    };
}

codes! {
    "1001" NotAComponent Invalid "This file is not a WebAssembly component";
    "1002" CoreModule Invalid "This file is a core module, not a component";
    "1003" ContractUnsupported Invalid "This connector was built for a contract version that this host does not speak";
    "1004" ManifestMissing Invalid "This component carries no manifest";
    "1005" ManifestInvalid Invalid "The manifest is wrong";
    "1006" ComponentTooLarge TooLarge "This component is larger than the limit";
    "1007" CompileFailed Invalid "This component could not be compiled";
    "1008" ProbeFailed Invalid "This component could not be started";
    "1009" ExportsDisagree Invalid "Manifest and component do not agree";
    "1010" ReleaseExists Conflict "This version is installed with other bytes";
    "1011" ApprovalNeeded Conflict "This release asks for more than was approved";
    "1012" ReleaseUnusable Unavailable "The release of this connector cannot be loaded";
    "1013" ConnectorUnknown NotFound "There is no such connector";
    "1014" CorrectionInvalid Invalid "This correction does not fit the connector's configuration";
    "1015" CorrectionWidens Conflict "This correction changes which addresses are used";
    "1016" CorrectionUnfit Conflict "The operator's correction does not fit this release";
    "1017" SignatureUnreadable Invalid "This signature cannot be read";
    "1018" SignatureOfAnother Invalid "This signature is of something else";
    "1019" SignatureWrong Invalid "This signature is wrong";
    "1020" PublisherUnknown Conflict "This publisher's key is not trusted here yet";
    "1021" KeyNotExpected Conflict "The key is not the one that you named";
    "1022" KeyRevoked Conflict "The key of this signature was revoked";
    "1023" SignatureMissing Conflict "This connector is not signed";
    "1024" SignatureLost Conflict "This publisher signs, and this file is not signed";
    "1025" VersionLower Conflict "This version is older than one that was in use";
    "1026" CeilingExceeded Conflict "This is more than this deployment allows";
    "1027" KeyInvalid Invalid "This is no publisher's key";
    "1028" KeyUnknown NotFound "No such key of this publisher is known here";
    "1030" ReferenceInvalid Invalid "This is no reference of a connector in a registry";
    "1031" RegistryNotAllowed Invalid "Connectors may not be fetched from there";
    "1032" RegistryFailed Upstream "The registry did not give the connector";
    "1033" ArtifactWrong Upstream "What came is not what it should be";
    "1034" IndexRefused Upstream "This index cannot be believed";
    "1035" NotInIndex NotFound "No index lists this connector";
    "1036" ReferenceTaken Conflict "Something else lies under this reference already";
    "1040" PinRefused Conflict "This connection cannot be pinned to this release";
    "1041" CanaryRefused Conflict "This release cannot be tried on this connection";
    "1042" NothingBefore Conflict "There is no release to go back to";
    "1043" ReleaseRests Unavailable "The connector is left alone for a while after it broke down again and again";
    "1050" TooIntricate Invalid "This component has more parts than a connector may";
    "1051" CompiledCode Invalid "This file is compiled code, which is never taken";
    "1052" CacheEntryRefused Failed "A compiled component in the cache was not to be trusted";
    "1101" ConnectorCrashed Failed "The connector broke down";
    "1102" MemoryLimit Failed "The connector used more memory than it may";
    "1103" CallTimeout Failed "The connector took too long";
    "1104" ContractBroken Failed "The connector answered in a way that the contract forbids";
    "1105" ConnectorFailed Failed "The connector gave up";
    "1106" Unsupported Invalid "The connector does not do this";
    "1107" ComputeSpent Failed "The connector computed without end";
    "2001" FieldInvalid Invalid "A field is wrong";
    "2002" CredentialRefused Invalid "The provider does not accept the credential";
    "2003" CredentialBusy Unavailable "The credential could not be had just now";
    "2004" StateUnknown Invalid "This login cannot be continued";
    "2005" ConsentRefused Invalid "The provider did not grant access";
    "2006" TokenAnswerInvalid Upstream "The provider's login answered in a way that cannot be used";
    "2007" IssuerMismatch Invalid "The login came back from another place than it went to";
    "2008" ClientMissing Conflict "The operator has not registered an OAuth client for this connector";
    "2009" KeyMismatch Failed "The key does not belong to this database";
    "2010" SealBroken Failed "A stored credential cannot be opened";
    "2011" SessionUnusable Invalid "This connect session cannot be used";
    "2012" PermissionMissing Invalid "The credential may not do this";
    "2013" AuthUnknown Invalid "The connector has no such way to log in";
    "2014" AccountMismatch Conflict "This login belongs to another business account";
    "2015" EndUserMismatch Conflict "The end user is not the one whom the session was made for";
    "2016" CompletionRefused Invalid "This completion code cannot be used";
    "2017" ReturnAddressRefused Invalid "This return address cannot be used";
    "2018" RefreshExhausted Invalid "The provider has not renewed the access for days";
    "2019" OriginRefused Invalid "The operator does not allow this address";
    "2020" VerificationNeeded Invalid "A connect session has to come back to your application";
    "2021" RegionUnknown Upstream "The provider named a region that the connector does not know";
    "3001" RunStalled Failed "The connector went in circles";
    "3002" CursorRefused Failed "The provider no longer accepts the position";
    "3003" Throttled Failed "The provider asks to wait";
    "3004" ProviderOutage Failed "The provider has trouble";
    "3005" AnswerUnreadable Failed "The provider sent what cannot be read";
    "3006" NotAtProvider Failed "The provider does not have it, or hides it";
    "3007" ProviderConflict Failed "The state at the provider does not allow it";
    "3008" BudgetSpent Pause "The run's budget is used up";
    "3009" ShuttingDown Pause "The host is stopping";
    "3010" Cancelled Pause "Somebody stopped it";
    "3011" LeaseLost Pause "Another worker has taken over";
    "3012" SettingsWrong Invalid "A setting of the connection is wrong";
    "3013" StreamUnknown NotFound "There is no such stream";
    "3014" RecordsRefused Failed "Too many records could not be read";
    "3015" DeletionsHeld Pause "Deletions wait for approval";
    "3016" CircuitOpen Failed "The provider's host is left alone for a while";
    "3017" ConnectorQuarantined Failed "The connector was set aside after it brought the host down";
    "3018" CursorWrong Failed "The connector's position went backwards or into the future";
    "3019" StreamGone Failed "The provider does not have this stream any more";
    "3020" Overdue Failed "Nothing was read for longer than it should take";
    "4001" ItemRejected Invalid "The provider refused the item";
    "4002" PayloadInvalid Invalid "The payload does not fit the action";
    "4003" KeyReused Conflict "This key was used for another content";
    "4004" OutcomeUnknown Failed "It is not known whether this was written";
    "4005" ActionUnknown NotFound "There is no such action";
    "4006" StepReused Failed "The connector used one step for two different requests";
    "4007" PushBusy Conflict "This push is being worked on";
    "4008" TargetMissing Pause "The item has no target yet";
    "4009" SwitchedOff Pause "This kind of data is switched off";
    "4010" PushExpired Pause "The item waited too long";
    "4011" BlobUnusable Invalid "A file cannot be used";
    "4012" BlobQuota TooLarge "The files of this tenant take up too much room";
    "4013" NoConnection Pause "There is no connection to send this by";
    "4014" OnDemand Pause "The item is sent when somebody says so";
    "4015" Withdrawn Pause "Somebody took the item back";
    "5001" BodyInvalid Invalid "The request body is not what this endpoint takes";
    "5002" BodyTooLarge TooLarge "The request body is too large";
    "5003" Unauthenticated Unauthenticated "This needs an API key";
    "5004" Forbidden Forbidden "This key may not do this";
    "5005" NotFound NotFound "There is no such thing";
    "5006" TenantMissing Invalid "An operator has to name the tenant";
    "5007" Conflict Conflict "This does not fit the present state";
    "5008" ParameterInvalid Invalid "A parameter is wrong";
    "5009" MethodNotAllowed MethodNotAllowed "This address does not take this method";
    "5010" MediaType MediaType "This content type is not taken here";
    "5011" FeedTooOld Gone "This place in the feed is older than what is kept";
    "5012" ScheduleInvalid Invalid "A schedule is wrong";
    "5013" WebhookInvalid Invalid "A webhook endpoint is wrong";
    "5014" StreamsExhausted Unavailable "Too many live streams are open";
    "5015" UploadsExhausted Unavailable "Too many files are being uploaded";
    "5016" SignInRefused Unauthenticated "Nobody is signed in by this";
    "5017" SignInsExhausted TooOften "Too many sign-ins were refused";
    "5018" SessionOver Unauthenticated "This browser is not signed in any more";
    "5019" ForeignPage Forbidden "This call does not come from a page of this host";
    "6001" EgressDenied Failed "The connector asked for an address that it may not reach";
    "6002" SecretSeen Failed "A secret of the connection was found in what the connector sent";
    "7001" ConfigInvalid Invalid "The configuration is wrong";
    "7002" StorageFailed Unavailable "The database did not take it";
    "7003" DatabaseTooOld Failed "The SQLite library is too old";
    "7004" Internal Internal "Something went wrong inside Patchbay";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_of_its_own_that_says_what_to_do() {
        for code in Code::ALL {
            let heading = format!("# {}: {}\n", code.id(), code.title());
            assert!(code.page().starts_with(&heading), "{} does not start with {heading:?}", code.id());
            assert!(!code.happened().is_empty() && !code.remedy().is_empty(), "{}", code.id());
            assert_eq!(Code::from_id(&code.id().to_lowercase()), Some(*code));
        }
    }
}
