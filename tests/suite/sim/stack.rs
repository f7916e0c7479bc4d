//! Small stacks to apply, and the world in which they are applied.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex};

use syncform::desired::{self, Desired, Inputs};
use syncform::emulator::{Seed, World};
use syncform::graph::{self, DependencyGraph};
use syncform::manifest::Sources;
use syncform::plan::Service;
use syncform::resource::Run;
use syncform::secret::{
    Fingerprint, FingerprintKey, Secret, SecretRef, SecretSource, UnavailableSecret,
};
use syncform::source::SourceFile;

/// The workspace of everything.
pub(crate) const PROJECT: u64 = 10_000;

/// What no file, message or report may show.
pub(crate) const PASSWORD: &str = "hunter2-of-the-simulation";

/// The labels of the real-time tasks. The second reads the managed data source, the third waits for the first.
pub(crate) const TASKS: [&str; 3] = ["orders", "payments", "refunds"];

/// The label of the solution.
pub(crate) const SOLUTION: &str = "lake";

/// The label of the managed data source.
pub(crate) const MANAGED: &str = "billing";

/// What a stack declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Variant {
    /// The tasks of [`TASKS`], and whether each is to run; `None`: not declared.
    pub(crate) tasks: [Option<Wish>; 3],
    /// Whether the solution is declared.
    pub(crate) solution: Option<Wish>,
    /// The managed data source, as the database user it names; `None`: not declared. Then the second task is not either.
    pub(crate) managed: Option<u8>,
}

/// What `run` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wish {
    Started,
    Stopped,
    Unmanaged,
}

impl Wish {
    fn word(self) -> &'static str {
        match self {
            Self::Started => Run::Started.as_str(),
            Self::Stopped => Run::Stopped.as_str(),
            Self::Unmanaged => Run::Unmanaged.as_str(),
        }
    }
}

impl Variant {
    /// Nothing at all.
    pub(crate) const EMPTY: Self = Self {
        tasks: [None; 3],
        solution: None,
        managed: None,
    };

    /// The real-time tasks by label.
    pub(crate) fn realtime(&self) -> impl Iterator<Item = (&'static str, Wish)> {
        TASKS
            .into_iter()
            .zip(self.tasks)
            .filter_map(|(label, wish)| Some((label, wish?)))
    }

    /// Whether something that `self` declares is not declared by `next`.
    pub(crate) fn loses_by(&self, next: &Self) -> bool {
        let gone = |now: bool, then: bool| now && !then;
        self.tasks
            .iter()
            .zip(next.tasks)
            .any(|(now, then)| gone(now.is_some(), then.is_some()))
            || gone(self.managed.is_some(), next.managed.is_some())
            || gone(self.solution.is_some(), next.solution.is_some())
    }

    fn manifest(&self) -> String {
        let mut text = String::from(BASE);
        if let Some(user) = self.managed {
            write!(
                text,
                r#"
[datasource.{MANAGED}]
workspace = "analytics"
type = "mysql"
[datasource.{MANAGED}.content]
instanceName = "rm-billing"
database = "billing"
username = "sync{user}"
password = {{ env = "BILLING_PASSWORD" }}

[table.billing]
datasource = "{MANAGED}"
include = ["payments"]
"#
            )
            .unwrap();
        }
        for (i, (label, wish)) in TASKS.into_iter().zip(self.tasks).enumerate() {
            let Some(wish) = wish else { continue };
            let (source, tables) = match i {
                1 => (MANAGED, "billing"),
                _ => ("mysql_pub", "shop"),
            };
            let after = match self.tasks[0] {
                Some(_) if i == 2 => "depends_on = [\"task.orders\"]\n",
                _ => "",
            };
            write!(
                text,
                r#"
[task.{label}]
workspace = "analytics"
type = "realtime"
source = "{source}"
destination = "odps_first"
tables = ["{tables}"]
resource_group = "S_res_group_280749521950784_1623033752022"
run = "{}"
{after}"#,
                wish.word()
            )
            .unwrap();
        }
        if let Some(wish) = self.solution {
            write!(
                text,
                r#"
[task.{SOLUTION}]
workspace = "analytics"
type = "solution"
source = "mysql_pub"
destination = "odps_first"
tables = ["shop"]
resource_group = "S_res_group_280749521950784_1623033752022"
schedule_resource_group = 30003913
run = "{}"
"#,
                wish.word()
            )
            .unwrap();
        }
        text
    }
}

const BASE: &str = r#"
[stack]
name = "shop"

[provider]
region = "cn-shanghai"
[provider.limits]
parallelism = 2

[workspace.analytics]
project_id = 10000

[datasource.mysql_pub]
workspace = "analytics"
type = "mysql"

[datasource.odps_first]
workspace = "analytics"
type = "odps"

[table.shop]
datasource = "mysql_pub"
include = ["orders"]
"#;

const SEED: &str = r#"
[[workspace]]
project_id = 10000
name = "analytics"
mode = "standard"

[[resource_group]]
identifier = "S_res_group_280749521950784_1623033752022"
type = "data_integration"

[[resource_group]]
identifier = "scheduling"
type = "scheduling"
id = 30003913

[[instance]]
type = "mysql"
name = "rm-billing"
[[instance.database]]
name = "billing"
tables = ["payments"]

[[datasource]]
project_id = 10000
name = "mysql_pub"
type = "mysql"
env = "prod"
[[datasource.database]]
name = "shop"
tables = ["orders", "users"]

[[datasource]]
project_id = 10000
name = "odps_first"
type = "odps"
env = "prod"
"#;

/// A stack, read and checked.
pub(crate) struct Stack {
    pub(crate) variant: Variant,
    pub(crate) sources: Sources,
    pub(crate) desired: Desired,
    pub(crate) graph: DependencyGraph,
}

impl Stack {
    /// The stack of a variant; each is read once.
    pub(crate) fn of(variant: Variant) -> Arc<Self> {
        static READ: LazyLock<Mutex<BTreeMap<Variant, Arc<Stack>>>> = LazyLock::new(Mutex::default);
        let mut read = READ.lock().unwrap();
        Arc::clone(
            read.entry(variant)
                .or_insert_with(|| Arc::new(Self::read(variant))),
        )
    }

    fn read(variant: Variant) -> Self {
        let sources = Sources::new([SourceFile {
            path: "syncform.toml".to_owned(),
            text: variant.manifest(),
        }]);
        let (desired, diagnostics) = desired::build(&sources, &Inputs::default());
        let desired =
            desired.unwrap_or_else(|| panic!("{:#?}", diagnostics.iter().collect::<Vec<_>>()));
        let (graph, diagnostics) = graph::check(&desired);
        let graph =
            graph.unwrap_or_else(|| panic!("{:#?}", diagnostics.iter().collect::<Vec<_>>()));
        Self {
            variant,
            sources,
            desired,
            graph,
        }
    }

    /// The provider's settings as a plan keeps them.
    pub(crate) fn service(&self) -> Service {
        let provider = &self.desired.provider;
        Service {
            region: provider.region.clone(),
            endpoint: "region".to_owned(),
            seed: None,
            profile: None,
            signature: "hmac-sha1".to_owned(),
            qps: provider.qps,
            parallelism: provider.parallelism,
        }
    }
}

/// A world in which every variant can be applied.
pub(crate) fn world(chance: u64) -> World {
    static PARSED: LazyLock<Seed> = LazyLock::new(|| Seed::parse(SEED).unwrap());
    World::seeded(&PARSED, chance)
}

/// The only secret there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OneSecret;

impl SecretSource for OneSecret {
    fn resolve(&self, _: &SecretRef) -> Result<Secret, UnavailableSecret> {
        Ok(Secret::new(PASSWORD.to_owned()))
    }
}

/// Its fingerprint.
pub(crate) fn fingerprints(key: &FingerprintKey) -> BTreeMap<SecretRef, Fingerprint> {
    let print = Secret::new(PASSWORD.to_owned()).fingerprint(key);
    BTreeMap::from([(SecretRef::Env("BILLING_PASSWORD".to_owned()), print)])
}
