//! `[stack]` and `[provider]`: which stack this is, and which service it talks to.

use super::fields::{self, Fields, listed};
use super::inputs::Inputs;
use super::lower::path_below_stack;
use super::{Endpoint, Provider, Signature, Stack};
use crate::address::Address;
use crate::api::known_regions;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::manifest::{Node, Table};
use crate::source::{Span, Spanned};

/// Requests per second when nothing is said: what the lowest edition allows (API facts 2.8).
const DEFAULT_QPS: u32 = 5;
/// Resources side by side when nothing is said: more than `DEFAULT_QPS` can keep busy.
const DEFAULT_PARALLELISM: usize = 10;
/// Far above the highest edition's 50, for the embedded endpoint; low enough to catch a slip of the keyboard.
const MAX_QPS: i64 = 10_000;
/// As many requests as may wait for the service at a time without hurting this machine.
const MAX_PARALLELISM: i64 = 256;

/// Reads `[stack]`.
pub(super) fn stack(
    table: &Table,
    span: Span,
    inputs: &Inputs,
    diagnostics: &mut Diagnostics,
) -> Option<Stack> {
    let mut fields = Fields::new(table, span, "[stack]", diagnostics);
    let name = fields.required("name", |node, diagnostics| {
        let name = fields::string(node, diagnostics)?;
        if Address::is_label(&name) {
            return Some(name);
        }
        diagnostics.push(
            Diagnostic::error(
                Code::InvalidValue,
                node.span,
                format!("`{name}` cannot name a stack"),
            )
            .help(super::collect::LABEL_RULE),
        );
        None
    });
    fields.optional("requires", |node, diagnostics| {
        let text = fields::string(node, diagnostics)?;
        match semver::VersionReq::parse(&text) {
            Err(error) => diagnostics.push(
                Diagnostic::error(
                    Code::InvalidValue,
                    node.span,
                    format!("`{text}` is no version requirement: {error}"),
                )
                .help("write it as \">=0.1\" or \"^1.2\""),
            ),
            Ok(requirement) if !requirement.matches(&inputs.version) => diagnostics.push(
                Diagnostic::error(
                    Code::VersionMismatch,
                    node.span,
                    format!(
                        "the stack requires `{text}`, and this is syncform {}",
                        inputs.version
                    ),
                )
                .help("install a version that the stack allows"),
            ),
            Ok(_) => {}
        }
        Some(())
    });
    fields.finish();
    Some(Stack {
        name: name?.value,
        environment: inputs.environment.clone(),
    })
}

/// Reads `[provider]`, the environment's settings already laid over it.
pub(super) fn provider(
    table: &Table,
    span: Span,
    inputs: &Inputs,
    diagnostics: &mut Diagnostics,
) -> Option<Provider> {
    let mut fields = Fields::new(table, span, "[provider]", diagnostics);
    let region = fields.optional("region", region);
    let written = fields.optional("endpoint", |node, diagnostics| {
        let text = fields::string(node, diagnostics)?;
        match endpoint(&text) {
            Ok(endpoint) => Some(endpoint),
            Err(why) => {
                let mut diagnostic =
                    Diagnostic::error(Code::InvalidValue, node.span, why).help(ENDPOINT_RULE);
                if text.contains('@') {
                    // Credentials, most likely.
                    diagnostic = diagnostic.hide(node.span);
                }
                diagnostics.push(diagnostic);
                None
            }
        }
    });
    let seed = fields.optional("seed", path_below_stack);
    let profile = fields.optional("profile", fields::string);
    let signature = fields.optional(
        "signature",
        fields::word(&Signature::ALL, Signature::as_str),
    );
    let limits = fields.optional("limits", limits);
    if let Some(seed) = &seed
        && written.as_ref().map(|written| &written.value) != Some(&Endpoint::Embedded)
        && table.get("endpoint").is_none_or(|_| written.is_some())
    {
        fields.push(
            Diagnostic::error(
                Code::NoEffect,
                seed.span,
                "a seed fills the embedded endpoint, and this stack talks to another one",
            )
            .help("set `endpoint = \"embedded\"`, or remove `seed`"),
        );
    }
    let endpoint = match &inputs.endpoint {
        None => written.map_or(Endpoint::Region, |written| written.value),
        Some(text) => match endpoint(text) {
            Ok(endpoint) => endpoint,
            Err(why) => {
                fields.push(
                    Diagnostic::unplaced(Code::InvalidValue, format!("`--endpoint`: {why}"))
                        .help(ENDPOINT_RULE),
                );
                Endpoint::Region
            }
        },
    };
    if table.get("region").is_none() && inputs.endpoint.is_none() && table.get("endpoint").is_none()
    {
        let span = fields.span();
        fields.push(
            Diagnostic::error(
                Code::MissingField,
                span,
                "[provider] needs `region`, from which the endpoint follows, or `endpoint`",
            )
            .help("for example `region = \"cn-shanghai\"`"),
        );
    }
    fields.finish();
    let (qps, parallelism) = limits.map_or((None, None), |limits| limits.value);
    Some(Provider {
        region: region.map(|region| region.value),
        endpoint,
        seed: seed.map(|seed| seed.value),
        profile: profile.map(|profile| profile.value),
        signature: signature.map_or(Signature::HmacSha1, |signature| signature.value),
        qps: qps.unwrap_or(DEFAULT_QPS),
        parallelism: parallelism.unwrap_or(DEFAULT_PARALLELISM),
    })
}

impl Signature {
    const ALL: [Self; 2] = [Self::HmacSha1, Self::Acs3HmacSha256];

    /// The manifest's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha1 => "hmac-sha1",
            Self::Acs3HmacSha256 => "acs3-hmac-sha256",
        }
    }
}

type Limits = (Option<u32>, Option<usize>);

fn limits(node: &Node, diagnostics: &mut Diagnostics) -> Option<Limits> {
    let table = fields::table(node, diagnostics)?;
    let mut fields = Fields::new(table, node.span, "[provider.limits]", diagnostics);
    let qps = fields.optional("qps", fields::integer(1..=MAX_QPS));
    let parallelism = fields.optional("parallelism", fields::integer(1..=MAX_PARALLELISM));
    fields.finish();
    let qps = qps.map(|qps| u32::try_from(qps.value).expect("the range was checked"));
    let parallelism = parallelism
        .map(|parallelism| usize::try_from(parallelism.value).expect("the range was checked"));
    Some((qps, parallelism))
}

/// Region ids go into host names, so nothing else may pass.
fn region(node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = fields::string(node, diagnostics)?;
    let parts: Vec<&str> = text.split('-').collect();
    let sound = parts.len() > 1
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && parts.iter().all(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        });
    if sound {
        return Some(text);
    }
    let diagnostic = Diagnostic::error(
        Code::InvalidValue,
        node.span,
        format!("`{text}` is not a region's id"),
    );
    diagnostics.push(match did_you_mean(&text, known_regions()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!(
            "ids look like {}",
            listed(["cn-shanghai", "ap-southeast-1"])
        )),
    });
    None
}

const ENDPOINT_RULE: &str =
    "use \"embedded\", or a URL such as \"https://dataworks.cn-shanghai.aliyuncs.com\"";

/// Reads an endpoint: the emulator of this process, or a host to send requests to.
fn endpoint(text: &str) -> Result<Endpoint, String> {
    if text == "embedded" {
        return Ok(Endpoint::Embedded);
    }
    let Some((_, host)) = text
        .split_once("://")
        .filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
    else {
        return Err("an endpoint begins with `https://` or `http://`".to_owned());
    };
    let host = host.strip_suffix('/').unwrap_or(host);
    if host.contains('@') {
        return Err("credentials do not belong into an endpoint".to_owned());
    }
    if host.contains(['/', '?', '#']) {
        return Err("an endpoint is a host and has no path: requests go to `/`".to_owned());
    }
    let (name, port) = match host.rsplit_once(':') {
        // The colons within the brackets of an IPv6 address separate no port.
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    let name_is_sound = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':'));
    let port_is_sound = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if !name_is_sound || !port_is_sound {
        return Err("the endpoint's host or port is not valid".to_owned());
    }
    Ok(Endpoint::Url(text.to_owned()))
}

/// Refuses `${...}` in the seed: which files are manifests is settled before any variable has a value.
pub(super) fn check_seed(seed: Spanned<&str>, diagnostics: &mut Diagnostics) {
    if seed.value.contains("${") {
        diagnostics.push(
            Diagnostic::error(
                Code::Interpolation,
                seed.span,
                "the seed's path is needed before anything can be evaluated",
            )
            .help("give each environment its own `[provider] seed` in `env/<name>.toml`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, endpoint};

    #[test]
    fn an_endpoint_is_embedded_or_a_host() {
        assert_eq!(endpoint("embedded"), Ok(Endpoint::Embedded));
        for url in [
            "https://dataworks.cn-shanghai.aliyuncs.com",
            "https://dataworks.cn-shanghai.aliyuncs.com/",
            "http://127.0.0.1:8086",
            "http://[::1]:8086",
            "http://[::1]",
        ] {
            assert_eq!(endpoint(url), Ok(Endpoint::Url(url.to_owned())), "{url}");
        }
        for wrong in [
            "",
            "embeded",
            "dataworks.aliyuncs.com",
            "ftp://host",
            "https://",
            "https:///",
            "https://user:secret@host",
            "https://host/path",
            "https://host?query",
            "https://host:port",
            "https://host:0",
            "https://host:65536",
            "https://ho st",
        ] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
    }
}
