//! Data sources: looked up by name, or managed when the manifest gives their content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ProjectId;
use crate::address::Address;
use crate::secret::{Fingerprint, SecretRef};

/// Which environment's row of a data source is meant (API facts 3.14, 10.18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvType {
    /// Development.
    Dev,
    /// Production.
    Prod,
}

impl EnvType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dev, Self::Prod];

    /// The manifest's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Prod => "prod",
        }
    }

    /// The wire's number: 0 development, 1 production.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Dev => "0",
            Self::Prod => "1",
        }
    }
}

/// One key of a data source's content (API facts 3.14, "Content by type").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentField {
    /// The key, as the API spells it.
    pub name: &'static str,
    /// Whether its value is a secret, which a manifest gives by reference only.
    pub secret: bool,
}

macro_rules! datasource_types {
    ($($(#[$doc:meta])* $variant:ident $name:literal [$($field:ident)*] secret [$($secret:ident)*];)*) => {
        /// The data source types that the API documents.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum DatasourceType {
            $($(#[$doc])* $variant,)*
        }

        impl DatasourceType {
            /// Every type.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word of manifests and of the wire's `DataSourceType`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The keys that a content of this type may have.
            pub fn content_fields(self) -> &'static [ContentField] {
                match self {
                    $(Self::$variant => &[
                        $(ContentField { name: stringify!($field), secret: false },)*
                        $(ContentField { name: stringify!($secret), secret: true },)*
                    ],)*
                }
            }
        }
    };
}

datasource_types! {
    /// MySQL.
    Mysql "mysql" [regionId instanceName rdsOwnerId database username tag] secret [password];
    /// MaxCompute.
    Odps "odps" [project endpoint accessId authType tag] secret [accessKey];
    /// Hologres.
    Holo "holo" [instanceId database accessId tag] secret [accessKey];
    /// Kafka.
    Kafka "kafka" [instanceId regionId ownerId tag] secret [];
    /// RDS.
    Rds "rds" [configType tag database username instanceName rdsOwnerId] secret [password];
    /// SQL Server.
    Sqlserver "sqlserver" [jdbcUrl username tag] secret [password];
    /// Oracle.
    Oracle "oracle" [jdbcUrl username tag] secret [password];
    /// PostgreSQL.
    Postgresql "postgresql" [jdbcUrl username tag] secret [password];
    /// PolarDB.
    Polardb "polardb" [clusterId region ownerId database username tag] secret [password];
    /// OSS.
    Oss "oss" [bucket endpoint accessId tag] secret [accessKey];
    /// AnalyticDB for MySQL.
    AnalyticdbForMysql "analyticdb_for_mysql" [instanceId database username connectionString] secret [password];
    /// AnalyticDB for PostgreSQL.
    HybriddbForPostgresql "hybriddb_for_postgresql" [instanceId connectionString port database username ownerId] secret [password];
    /// MongoDB.
    Mongodb "mongodb" [address database username] secret [password];
    /// Redis.
    Redis "redis" [address] secret [password];
}

/// A value of a managed data source's content, as the manifest gives it.
#[derive(Debug, Clone, PartialEq)]
pub enum ContentValue {
    /// Text, number or boolean, sent as it is.
    Plain(serde_json::Value),
    /// A secret by reference.
    Secret(SecretRef),
}

/// The content of a managed data source.
pub type Content = BTreeMap<String, ContentValue>;

/// A declared data source.
#[derive(Debug, Clone, PartialEq)]
pub struct Datasource {
    /// The workspace's address.
    pub workspace: Address,
    /// The workspace's number.
    pub project_id: ProjectId,
    /// The remote name: `name`, or the label.
    pub name: String,
    /// Its type.
    pub datasource_type: DatasourceType,
    /// Which environment's row.
    pub env: EnvType,
    /// `Some`: managed here. `None`: must exist, is looked up, never changed.
    pub content: Option<Content>,
    /// Free text; only of a managed one.
    pub description: Option<String>,
    /// Never deleted or replaced.
    pub protect: bool,
}

impl Datasource {
    /// The database that the declared content names.
    pub fn own_database(&self) -> Option<&str> {
        match self.content.as_ref()?.get("database")? {
            ContentValue::Plain(serde_json::Value::String(database)) => Some(database),
            _ => None,
        }
    }
}

/// A managed data source in the remote's terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasourceSpec {
    /// The workspace.
    pub project_id: ProjectId,
    /// The remote name, unique per workspace and environment.
    pub name: String,
    /// Its type, which cannot change.
    pub datasource_type: DatasourceType,
    /// Which environment's row.
    pub env: EnvType,
    /// The content without its secrets.
    pub content: BTreeMap<String, serde_json::Value>,
    /// Where each secret of the content comes from.
    pub secrets: BTreeMap<String, SecretRef>,
    /// What each secret was or will be, told without telling it. Empty in what was read from the remote, which masks
    /// secrets.
    pub fingerprints: BTreeMap<String, Fingerprint>,
    /// Free text.
    pub description: Option<String>,
}
