//! Where ECR's own API is asked for a registry: region, partition and form of the endpoint.
//!
//! Source: botocore's `partitions.json` and the endpoint rule sets of `ecr` and `ecr-public`.

use crate::oci::reference::Host;
use crate::vendor::Kind;
use crate::vendor::ecr::EcrHost;
use std::collections::BTreeMap;
use url::Url;

/// The region that ECR Public's API is in, and no other.
const PUBLIC_REGION: &str = "us-east-1";

/// Which of the two registries of Amazon's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Private registries.
    Ecr,
    /// The public one.
    EcrPublic,
}

/// Where and for what a request is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) service: Service,
    pub(super) region: String,
    pub(super) url: Url,
}

/// What stands in the way of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EndpointError {
    /// A host whose name has no region, and nothing else that says it.
    #[error("the region of {0} is not known: neither its name, AWS_REGION nor the profile says it")]
    NoRegion(Host),
    /// What a variable names is no URL.
    #[error("{0} is not the URL of a service")]
    Url(&'static str),
    /// What is said to be a region is none.
    #[error("`{0}` is not a region")]
    Region(String),
}

impl Service {
    /// The service's name in signatures.
    pub(super) fn signing_name(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::EcrPublic => "ecr-public",
        }
    }

    /// The value of `X-Amz-Target` that asks for a password.
    pub(super) fn target(self) -> &'static str {
        match self {
            Self::Ecr => "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
            Self::EcrPublic => "SpencerFrontendService.GetAuthorizationToken",
        }
    }

    /// The permissions that a password takes.
    pub(super) fn permissions(self) -> &'static str {
        match self {
            Self::Ecr => "`ecr:GetAuthorizationToken`",
            Self::EcrPublic => "`ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken`",
        }
    }

    /// Which of the two a registry of this kind is.
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::EcrPublic => Self::EcrPublic,
            _ => Self::Ecr,
        }
    }

    /// How AWS's files of profiles name it, in capitals and with spaces.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Ecr => "ECR",
            Self::EcrPublic => "ECR PUBLIC",
        }
    }

    /// The variable that names the endpoint of this service alone.
    fn variable(self) -> &'static str {
        match self {
            Self::Ecr => "AWS_ENDPOINT_URL_ECR",
            Self::EcrPublic => "AWS_ENDPOINT_URL_ECR_PUBLIC",
        }
    }
}

impl Endpoint {
    /// Where the API for the registry at `host` is. `other_region` is the one that holds where the
    /// host does not say it. `named`: the URL that the profile names, which does where no variable
    /// names one.
    pub(super) fn of(
        host: &Host,
        kind: Kind,
        variables: &BTreeMap<String, String>,
        other_region: Option<String>,
        named: Option<&str>,
    ) -> Result<Self, EndpointError> {
        let read = EcrHost::of(host);
        let service = Service::of(kind);
        let region = match (service, &read) {
            (Service::EcrPublic, _) => PUBLIC_REGION.to_owned(),
            (_, Some(read)) => read.region.clone(),
            (_, None) => other_region.ok_or_else(|| EndpointError::NoRegion(host.clone()))?,
        };
        let fips = read.as_ref().is_some_and(|read| read.fips)
            || is_true(variables, "AWS_USE_FIPS_ENDPOINT");
        let dual_stack = read.as_ref().is_some_and(|read| read.dual_stack)
            || host.name() == "ecr-public.aws.com"
            || is_true(variables, "AWS_USE_DUALSTACK_ENDPOINT");
        let url = match configured(service, variables, named) {
            Some((name, url)) => parsed(url).ok_or(EndpointError::Url(name))?,
            None => usual(service, &region, fips, dual_stack)?,
        };
        Ok(Self {
            service,
            region,
            url,
        })
    }
}

fn parsed(url: &str) -> Option<Url> {
    let url: Option<Url> = url.parse().ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// The endpoint that a variable or the profile names, and which does.
fn configured<'a>(
    service: Service,
    variables: &'a BTreeMap<String, String>,
    named: Option<&'a str>,
) -> Option<(&'static str, &'a str)> {
    if is_true(variables, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
        return None;
    }
    let names = [service.variable(), "AWS_ENDPOINT_URL"];
    let mut set = names.into_iter().filter_map(|name| {
        let url = variables.get(name).filter(|url| !url.is_empty())?;
        Some((name, url.as_str()))
    });
    let profile = || Some(("`endpoint_url` of the profile", named?));
    set.next().or_else(profile)
}

fn usual(
    service: Service,
    region: &str,
    fips: bool,
    dual_stack: bool,
) -> Result<Url, EndpointError> {
    let is_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if region.is_empty() || !region.bytes().all(is_label) {
        return Err(EndpointError::Region(region.to_owned()));
    }
    let (suffix, dual_stack_suffix) = suffixes(region);
    let name = service.signing_name();
    let host = match (service, fips, dual_stack) {
        (_, false, false) => format!("api.{name}.{region}.{suffix}"),
        (_, true, false) => format!("api.{name}-fips.{region}.{suffix}"),
        (_, false, true) => format!("{name}.{region}.{dual_stack_suffix}"),
        (Service::Ecr, true, true) => format!("{name}-fips.{region}.{dual_stack_suffix}"),
        (Service::EcrPublic, true, true) => {
            format!("api.{name}-fips.{region}.{dual_stack_suffix}")
        }
    };
    let url = format!("https://{host}/").parse();
    url.map_err(|_| EndpointError::Region(region.to_owned()))
}

/// What comes behind a region in its partition: usually, and where IPv6 reaches it too.
fn suffixes(region: &str) -> (&'static str, &'static str) {
    const PARTITIONS: [(&str, &str, &str); 6] = [
        ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
        ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
        ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ];
    let of = |(prefix, suffix, dual_stack): &(&str, &'static str, &'static str)| {
        region.starts_with(prefix).then_some((*suffix, *dual_stack))
    };
    let found = PARTITIONS.iter().find_map(of);
    // The United States' government has the endings that everybody has.
    found.unwrap_or(("amazonaws.com", "api.aws"))
}

/// Whether a variable says yes, as AWS's tools read it.
pub(super) fn is_true(variables: &BTreeMap<String, String>, name: &str) -> bool {
    let value = variables.get(name);
    value.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests;
