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

    /// The value of `X-Amz-Target` that asks for this operation.
    pub(super) fn target(self, operation: &str) -> String {
        match self {
            Self::Ecr => format!("AmazonEC2ContainerRegistry_V20150921.{operation}"),
            Self::EcrPublic => format!("SpencerFrontendService.{operation}"),
        }
    }

    /// The permissions that a password takes.
    pub(super) fn permissions(self) -> &'static str {
        match self {
            Self::Ecr => "`ecr:GetAuthorizationToken`",
            Self::EcrPublic => "`ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken`",
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
    /// host does not say it.
    pub(super) fn of(
        host: &Host,
        kind: Kind,
        variables: &BTreeMap<String, String>,
        other_region: Option<String>,
    ) -> Result<Self, EndpointError> {
        let read = EcrHost::of(host);
        let (service, region) = match (kind, &read) {
            (Kind::EcrPublic, _) => (Service::EcrPublic, PUBLIC_REGION.to_owned()),
            (_, Some(read)) => (Service::Ecr, read.region.clone()),
            (_, None) => {
                let region = other_region.ok_or_else(|| EndpointError::NoRegion(host.clone()))?;
                (Service::Ecr, region)
            }
        };
        let fips = read.as_ref().is_some_and(|read| read.fips)
            || is_true(variables, "AWS_USE_FIPS_ENDPOINT");
        let dual_stack = read.as_ref().is_some_and(|read| read.dual_stack)
            || host.name() == "ecr-public.aws.com"
            || is_true(variables, "AWS_USE_DUALSTACK_ENDPOINT");
        let url = match configured(service, variables) {
            Some((name, url)) => url.parse().map_err(|_| EndpointError::Url(name))?,
            None => usual(service, &region, fips, dual_stack)?,
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EndpointError::Url(service.variable()));
        }
        Ok(Self {
            service,
            region,
            url,
        })
    }
}

/// The endpoint that a variable names, and which does.
fn configured(
    service: Service,
    variables: &BTreeMap<String, String>,
) -> Option<(&'static str, &String)> {
    if is_true(variables, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
        return None;
    }
    let names = [service.variable(), "AWS_ENDPOINT_URL"];
    names.into_iter().find_map(|name| {
        let url = variables.get(name).filter(|url| !url.is_empty())?;
        Some((name, url))
    })
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn variables(text: &str) -> BTreeMap<String, String> {
        let pairs = text.split_whitespace().map(|pair| pair.split_once('='));
        pairs
            .map(|pair| pair.unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn of(host: &str, kind: Kind, set: &str) -> Result<(String, String), EndpointError> {
        let set = variables(set);
        let region = set.get("AWS_REGION").cloned();
        let endpoint = Endpoint::of(&host.parse().unwrap(), kind, &set, region)?;
        Ok((endpoint.url.to_string(), endpoint.region))
    }

    /// Every address is what botocore 1.44.5 resolves.
    #[test]
    fn the_host_says_where_the_api_is() {
        let private = |rest: &str| format!("123456789012.{rest}");
        for (host, set, url, region) in [
            (
                "dkr.ecr.eu-west-1.amazonaws.com",
                "",
                "https://api.ecr.eu-west-1.amazonaws.com/",
                "eu-west-1",
            ),
            (
                "dkr-ecr.eu-west-1.on.aws",
                "",
                "https://ecr.eu-west-1.api.aws/",
                "eu-west-1",
            ),
            (
                "dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                "",
                "https://api.ecr-fips.us-gov-west-1.amazonaws.com/",
                "us-gov-west-1",
            ),
            (
                "dkr-ecr-fips.us-east-1.on.aws",
                "",
                "https://ecr-fips.us-east-1.api.aws/",
                "us-east-1",
            ),
            (
                "dkr.ecr.cn-north-1.amazonaws.com.cn",
                "",
                "https://api.ecr.cn-north-1.amazonaws.com.cn/",
                "cn-north-1",
            ),
            (
                "dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
                "",
                "https://ecr.cn-north-1.api.amazonwebservices.com.cn/",
                "cn-north-1",
            ),
            (
                "dkr.ecr.eusc-de-east-1.amazonaws.eu",
                "",
                "https://api.ecr.eusc-de-east-1.amazonaws.eu/",
                "eusc-de-east-1",
            ),
            (
                "dkr.ecr.us-iso-east-1.c2s.ic.gov",
                "",
                "https://api.ecr.us-iso-east-1.c2s.ic.gov/",
                "us-iso-east-1",
            ),
            (
                "dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
                "",
                "https://api.ecr.us-isob-east-1.sc2s.sgov.gov/",
                "us-isob-east-1",
            ),
            (
                "dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk",
                "",
                "https://api.ecr.eu-isoe-west-1.cloud.adc-e.uk/",
                "eu-isoe-west-1",
            ),
            (
                "dkr.ecr.us-isof-south-1.csp.hci.ic.gov",
                "",
                "https://api.ecr.us-isof-south-1.csp.hci.ic.gov/",
                "us-isof-south-1",
            ),
            (
                "dkr.ecr.eu-west-1.amazonaws.com",
                "AWS_REGION=us-east-2",
                "https://api.ecr.eu-west-1.amazonaws.com/",
                "eu-west-1",
            ),
            (
                "dkr.ecr.eu-west-1.amazonaws.com",
                "AWS_USE_FIPS_ENDPOINT=true",
                "https://api.ecr-fips.eu-west-1.amazonaws.com/",
                "eu-west-1",
            ),
            (
                "dkr.ecr.eu-west-1.amazonaws.com",
                "AWS_USE_DUALSTACK_ENDPOINT=True",
                "https://ecr.eu-west-1.api.aws/",
                "eu-west-1",
            ),
            (
                "dkr.ecr.eu-west-1.amazonaws.com",
                "AWS_USE_FIPS_ENDPOINT=no",
                "https://api.ecr.eu-west-1.amazonaws.com/",
                "eu-west-1",
            ),
        ] {
            let found = of(&private(host), Kind::Ecr, set);
            assert_eq!(
                found,
                Ok((url.to_owned(), region.to_owned())),
                "{host} {set}"
            );
        }
    }

    #[test]
    fn the_public_registry_s_api_is_in_one_region() {
        for (host, set, url) in [
            (
                "public.ecr.aws",
                "AWS_REGION=eu-west-1",
                "https://api.ecr-public.us-east-1.amazonaws.com/",
            ),
            (
                "ecr-public.aws.com",
                "",
                "https://ecr-public.us-east-1.api.aws/",
            ),
            (
                "public.ecr.aws",
                "AWS_USE_FIPS_ENDPOINT=true",
                "https://api.ecr-public-fips.us-east-1.amazonaws.com/",
            ),
            (
                "ecr-public.aws.com",
                "AWS_USE_FIPS_ENDPOINT=true",
                "https://api.ecr-public-fips.us-east-1.api.aws/",
            ),
        ] {
            let found = of(host, Kind::EcrPublic, set);
            assert_eq!(
                found,
                Ok((url.to_owned(), "us-east-1".to_owned())),
                "{host} {set}"
            );
        }
    }

    #[test]
    fn variables_name_another_endpoint() {
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        for (set, url) in [
            (
                "AWS_ENDPOINT_URL_ECR=http://127.0.0.1:5055",
                "http://127.0.0.1:5055/",
            ),
            (
                "AWS_ENDPOINT_URL=https://all.example AWS_ENDPOINT_URL_ECR=https://ecr.example",
                "https://ecr.example/",
            ),
            (
                "AWS_ENDPOINT_URL=https://all.example",
                "https://all.example/",
            ),
            (
                "AWS_ENDPOINT_URL= AWS_ENDPOINT_URL_ECR_PUBLIC=https://public.example",
                "https://api.ecr.eu-west-1.amazonaws.com/",
            ),
            (
                "AWS_ENDPOINT_URL=https://all.example AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
                "https://api.ecr.eu-west-1.amazonaws.com/",
            ),
        ] {
            let found = of(host, Kind::Ecr, set).unwrap();
            assert_eq!(found, (url.to_owned(), "eu-west-1".to_owned()), "{set}");
        }
        let wrong = of(host, Kind::Ecr, "AWS_ENDPOINT_URL_ECR=ecr.example");
        assert_eq!(wrong, Err(EndpointError::Url("AWS_ENDPOINT_URL_ECR")));
    }

    #[test]
    fn another_host_s_region_is_the_one_that_is_set() {
        let found = of("mirror.example", Kind::Ecr, "AWS_REGION=eu-north-1").unwrap();
        assert_eq!(found.0, "https://api.ecr.eu-north-1.amazonaws.com/");
        let none = of("mirror.example", Kind::Ecr, "");
        assert_eq!(
            none,
            Err(EndpointError::NoRegion("mirror.example".parse().unwrap()))
        );
        let evil = of("mirror.example", Kind::Ecr, "AWS_REGION=x.evil.example/");
        assert_eq!(
            evil,
            Err(EndpointError::Region("x.evil.example/".to_owned()))
        );
    }
}
