//! Where the service is, by region (API facts 2.1).

/// Regions with a host of their own.
const OWN_HOST: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-southeast-1",
    "ap-southeast-3",
    "ap-southeast-5",
    "cn-beijing",
    "cn-beijing-finance-1",
    "cn-chengdu",
    "cn-hangzhou",
    "cn-hongkong",
    "cn-north-2-gov-1",
    "cn-shanghai",
    "cn-shanghai-finance-1",
    "cn-shenzhen",
    "cn-shenzhen-finance-1",
    "cn-wulanchabu",
    "cn-zhangjiakou",
    "eu-central-1",
    "eu-west-1",
    "me-central-1",
    "me-east-1",
    "us-east-1",
    "us-west-1",
];

/// Regions that the central host serves.
const CENTRAL: &[&str] = &[
    "ap-south-1",
    "ap-southeast-2",
    "cn-fujian",
    "cn-hangzhou-finance",
    "cn-huhehaote",
    "cn-qingdao",
    "cn-wuhan",
];

/// Every region that the facts list, to suggest from: a new one must not need a new syncform.
pub fn known_regions() -> impl Iterator<Item = &'static str> {
    OWN_HOST.iter().chain(CENTRAL).copied()
}

/// The URL of a region's endpoint. A region that the facts do not list gets the host that the official client falls back
/// to, so that a new region works before this list knows it.
pub fn endpoint_of_region(region: &str) -> String {
    if OWN_HOST.contains(&region) {
        format!("https://dataworks.{region}.aliyuncs.com")
    } else if CENTRAL.contains(&region) {
        "https://dataworks.aliyuncs.com".to_owned()
    } else {
        format!("https://dataworks-public.{region}.aliyuncs.com")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_region_has_its_host() {
        for (region, url) in [
            ("cn-shanghai", "https://dataworks.cn-shanghai.aliyuncs.com"),
            ("ap-south-1", "https://dataworks.aliyuncs.com"),
            ("xx-new-9", "https://dataworks-public.xx-new-9.aliyuncs.com"),
        ] {
            assert_eq!(endpoint_of_region(region), url);
        }
    }
}
