//! Where the API is asked, as botocore finds it.

#![allow(clippy::unwrap_used)]

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
    let endpoint = Endpoint::of(&host.parse().unwrap(), kind, &set, region, None)?;
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
