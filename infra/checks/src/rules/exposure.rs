//! Nothing is public but the edge. That the API's own endpoint is closed once there is an edge is a choice of the platform,
//! and tested there.

use super::made::{Finding, Made, Shop, Verdict};

pub fn load_balancers_are_internal(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(shop.all("aws_lb"), |balancer| {
        (!balancer.is("/internal")).then(|| balancer.but("it faces the internet"))
    })
}

pub fn who_comes_in_is_a_group_of_ours(shop: &Shop<'_>) -> Verdict {
    let alone = shop.all("aws_vpc_security_group_ingress_rule");
    let alone = Verdict::of_each(alone, |rule| {
        let addresses = ["/cidr_ipv4", "/cidr_ipv6", "/prefix_list_id"].map(|range| rule.text(range)).concat();
        let group = rule.text("/referenced_security_group_id");
        (!addresses.is_empty() || group.is_empty()).then(|| rule.but(format!("it lets in `{addresses}`, not a group")))
    });
    let groups = shop.everything().filter(|made| {
        let kind = made.resource.kind.as_str();
        matches!(kind, "aws_security_group" | "aws_default_security_group")
    });
    let within = Verdict::of_each(groups, |group| {
        group.list("/ingress").filter_map(move |rule| open(group, rule)).collect::<Vec<_>>()
    });
    let old = shop.all("aws_security_group_rule").filter(|rule| rule.text("/type") == "ingress");
    alone.and(within).and(Verdict::of_each(old, |rule| open(rule, &rule.resource.values)))
}

/// The finding for an ingress rule in the older way to write it, if it is for ranges of addresses.
fn open(made: Made<'_>, rule: &serde_json::Value) -> Option<Finding> {
    let ranges =
        ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids"].map(|name| super::made::texts(&rule[name])).concat();
    (!ranges.is_empty()).then(|| made.but(format!("it lets in {}", ranges.join(", "))))
}

pub fn nothing_has_a_public_address_but_gateways(shop: &Shop<'_>) -> Verdict {
    let asks = [
        ("aws_subnet", "/map_public_ip_on_launch"),
        ("aws_subnet", "/assign_ipv6_address_on_creation"),
        ("aws_ecs_service", "/network_configuration/0/assign_public_ip"),
        ("aws_instance", "/associate_public_ip_address"),
    ];
    let given = asks.into_iter().map(|(kind, flag)| {
        Verdict::of_each(shop.all(kind), |made| made.is(flag).then(|| made.but("it gives out public addresses")))
    });
    let held = Verdict::of_each(shop.all("aws_eip"), |address| {
        let id = address.text("/id");
        let of_a_gateway = address.beside("aws_nat_gateway").any(|gateway| gateway.text("/allocation_id") == id);
        (!of_a_gateway).then(|| address.but("it is a public address of something that is no NAT gateway"))
    });
    given.fold(held, Verdict::and)
}

pub fn databases_are_private(shop: &Shop<'_>) -> Verdict {
    let databases = shop.everything().filter(|made| {
        let kind = made.resource.kind.as_str();
        matches!(kind, "aws_db_instance" | "aws_rds_cluster_instance")
    });
    Verdict::of_each(databases, |database| {
        database.is("/publicly_accessible").then(|| database.but("it has a public address"))
    })
}

pub fn buckets_cannot_be_made_public(shop: &Shop<'_>) -> Verdict {
    const LOCKS: [&str; 4] =
        ["/block_public_acls", "/block_public_policy", "/ignore_public_acls", "/restrict_public_buckets"];
    Verdict::of_each(shop.all("aws_s3_bucket"), |bucket| {
        let block = bucket.only("aws_s3_bucket_public_access_block", "/bucket", bucket.text("/id"));
        let closed = block.is_some_and(|block| LOCKS.iter().all(|lock| block.is(lock)));
        (!closed).then(|| bucket.but("it has no public access block with all four locks"))
    })
}

pub fn functions_are_called_by_nobody_who_is_not_named(shop: &Shop<'_>) -> Verdict {
    let urls = shop.all("aws_lambda_function_url").map(|url| url.but("a function has a public URL"));
    let urls: Vec<_> = urls.collect();
    let permissions = Verdict::of_each(shop.all("aws_lambda_permission"), |permission| {
        let (who, what) = (permission.text("/principal"), permission.text("/source_arn"));
        let named = !who.contains('*') && what.starts_with("arn:");
        (!named)
            .then(|| permission.but(format!("`{who}` may call for `{what}`: name who, and for which of its resources")))
    });
    permissions.and(Verdict::of_each(urls, Some))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::made::tests::*, *};

    #[test]
    fn a_range_of_addresses_is_no_group() {
        let rule = json!({ "cidr_ipv4": "0.0.0.0/0", "referenced_security_group_id": null });
        let state = state([("aws_vpc_security_group_ingress_rule.x", "aws_vpc_security_group_ingress_rule", rule)]);
        assert_eq!(
            findings(who_comes_in_is_a_group_of_ours, &state),
            ["order (dev) aws_vpc_security_group_ingress_rule.x: it lets in `0.0.0.0/0`, not a group"]
        );
        let within = json!({ "ingress": [{ "cidr_blocks": [], "ipv6_cidr_blocks": ["::/0"] }] });
        assert_eq!(
            findings(
                who_comes_in_is_a_group_of_ours,
                &self::state([("aws_security_group.x", "aws_security_group", within)])
            )
            .len(),
            1
        );
    }

    #[test]
    fn a_bucket_needs_all_four_locks() {
        let bucket = || ("aws_s3_bucket.x", "aws_s3_bucket", json!({ "id": "b" }));
        let mut locks = json!({
            "bucket": "b", "block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true,
        });
        let kind = "aws_s3_bucket_public_access_block";
        assert!(findings(buckets_cannot_be_made_public, &state([bucket(), ("x", kind, locks.clone())])).is_empty());
        locks["ignore_public_acls"] = json!(false);
        assert_eq!(findings(buckets_cannot_be_made_public, &state([bucket(), ("x", kind, locks)])).len(), 1);
        assert_eq!(findings(buckets_cannot_be_made_public, &state([bucket()])).len(), 1);
    }

    #[test]
    fn a_public_address_is_for_gateways_alone() {
        let address = || ("aws_eip.x", "aws_eip", json!({ "id": "eip" }));
        let gateway = ("aws_nat_gateway.x", "aws_nat_gateway", json!({ "allocation_id": "eip" }));
        assert!(findings(nothing_has_a_public_address_but_gateways, &state([address(), gateway])).is_empty());
        assert_eq!(findings(nothing_has_a_public_address_but_gateways, &state([address()])).len(), 1);
    }
}
