//! Every code of a diagnostic, with the fixed summary that goes with it.

macro_rules! codes {
    ($($variant:ident $code:literal $summary:literal;)*) => {
        /// The kind of a problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $summary] $variant,)*
        }

        impl Code {
            /// Every code, for the manual and for tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The kebab-case word that users search for.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What every problem of this kind has in common.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }
        }
    };
}

codes! {
    Syntax "syntax" "the file is not valid TOML";
    NotAStack "not-a-stack" "the directory is not a stack";
    UnreadableManifest "unreadable-manifest" "a manifest cannot be read";
    UnknownField "unknown-field" "unknown field";
    MissingField "missing-field" "a required field is missing";
    WrongType "wrong-type" "the value has the wrong type";
    InvalidValue "invalid-value" "the value is not allowed here";
    InvalidLabel "invalid-label" "the label cannot name a resource";
    Duplicate "duplicate" "the same thing is declared twice";
    UnknownReference "unknown-reference" "the reference leads nowhere";
    WrongReference "wrong-reference" "the reference leads to the wrong kind of resource";
    Mismatch "mismatch" "the resources do not fit together";
    UnknownVariable "unknown-variable" "the variable is not declared";
    UnsetVariable "unset-variable" "the variable has no value";
    UnknownEnvironment "unknown-environment" "the environment does not exist";
    Interpolation "interpolation" "the interpolation cannot be evaluated";
    Cycle "cycle" "resources depend on each other in a circle";
    NameConflict "name-conflict" "two resources have one remote name";
    UnsupportedPair "unsupported-pair" "the API does not document this source and destination";
    NoEffect "no-effect" "the setting has no effect";
    SecretLiteral "secret-literal" "a secret is given as a literal";
    SecretUnavailable "secret-unavailable" "a secret cannot be read";
    IncompletePolicy "incomplete-policy" "the DDL policy does not cover every event";
    InvalidPattern "invalid-pattern" "the pattern is not valid";
    NoMatch "no-match" "the pattern matches nothing";
    TablesUnknown "tables-unknown" "the tables of the source cannot be listed";
    NotThere "not-there" "what the manifest refers to does not exist";
    Unsupported "unsupported" "this version does not support it";
    VersionMismatch "version-mismatch" "the stack asks for another version of syncform";
    OutsideStack "outside-stack" "the path leads outside the stack";
}

impl Code {
    /// Whether it says that something is missing, which may only be out of sight while some file cannot be read.
    pub fn is_absence(self) -> bool {
        matches!(
            self,
            Self::UnknownReference | Self::UnknownVariable | Self::UnsetVariable
        )
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
