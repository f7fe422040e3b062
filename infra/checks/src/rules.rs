//! What must be true of all that Terraform makes, whichever unit makes it. A rule's name is the sentence that holds.
//!
//! - `made`: what a rule looks at, and what it says
//! - `exposure`: nothing is public but the edge
//! - `policies`, `statements`: who may do what
//! - `messaging`, `compute`, `front_door`: the same as in `infra/topology.json`
//! - `encryption`, `secrets`: what is stored, and what must not be
//! - `alarms`: who is woken
//! - `settings`: what programs are told

mod alarms;
mod compute;
mod encryption;
mod exposure;
mod front_door;
mod made;
mod messaging;
mod policies;
mod secrets;
mod settings;
mod statements;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use made::{Finding, Shop, Verdict};
use stack::topology::Topology;

use super::{report::Report, units::State};

type Rule = fn(&Shop<'_>) -> Verdict;

/// A list of rules with their names.
macro_rules! rules {
    ($($module:ident::$rule:ident,)*) => { &[$((stringify!($rule), $module::$rule)),*] };
}

const RULES: &[(&str, Rule)] = rules![
    exposure::load_balancers_are_internal,
    exposure::who_comes_in_is_a_group_of_ours,
    exposure::nothing_has_a_public_address_but_gateways,
    exposure::databases_are_private,
    exposure::buckets_cannot_be_made_public,
    exposure::functions_are_called_by_nobody_who_is_not_named,
    policies::roles_name_their_actions,
    policies::roles_name_their_resources,
    policies::every_exception_from_named_resources_is_still_needed,
    policies::roles_use_keys_only_through_the_service_that_they_are_for,
    policies::roles_are_taken_by_those_they_are_for,
    policies::roles_have_no_policies_of_others,
    policies::keys_queues_topics_and_buckets_name_who_may_do_what,
    policies::queues_and_topics_let_in_nobody_of_another_account,
    messaging::topics_are_those_of_the_topology,
    messaging::units_are_told_of_every_topic,
    messaging::queues_are_those_of_the_topology,
    messaging::every_queue_has_dead_letters_for_fourteen_days,
    messaging::subscriptions_and_filters_are_those_of_the_topology,
    messaging::what_cannot_be_delivered_becomes_a_dead_letter,
    compute::tables_are_those_of_the_topology,
    compute::functions_are_those_of_the_topology,
    compute::a_message_stays_hidden_for_six_times_its_functions_timeout,
    compute::relays_publish_on_their_tables_topic_alone,
    compute::services_are_those_of_the_topology,
    compute::every_service_has_a_repository_of_immutable_scanned_images,
    front_door::routes_are_those_of_the_topology,
    front_door::services_are_reached_through_the_private_link_by_verified_tls,
    front_door::the_load_balancer_knows_the_paths_of_the_topology_alone,
    encryption::every_log_group_has_a_retention_and_our_key,
    encryption::what_stores_is_encrypted_with_our_key,
    encryption::keys_rotate,
    secrets::no_secret_is_in_a_state,
    secrets::no_secret_is_among_the_settings,
    alarms::every_alarm_wakes_somebody_and_says_why,
    alarms::every_function_has_its_alarms,
    alarms::every_service_has_its_alarms,
    alarms::every_queue_has_its_alarm,
    alarms::every_table_and_database_has_its_alarms,
    alarms::every_topic_has_its_alarm,
    settings::programs_are_told_only_what_their_readme_lists,
    settings::programs_are_told_all_that_they_need,
];

/// Holds every rule against every profile.
pub fn check(root: &Path, states: &[State], report: &mut Report) -> Result<()> {
    if states.is_empty() {
        report.skipped("the rules for what units make", "there are no states to hold them against");
        return Ok(());
    }
    let topology = root.join("infra/topology.json");
    let text = std::fs::read_to_string(&topology).with_context(|| format!("cannot read {}", topology.display()))?;
    let topology = Topology::parse(&text)?;
    let settings = settings::read(root)?;
    let mut profiles: Vec<&str> = states.iter().map(|state| state.profile.as_str()).collect();
    profiles.sort_unstable();
    profiles.dedup();

    for (name, rule) in RULES {
        let (mut seen, mut findings) = (Vec::new(), BTreeMap::<Finding, Vec<&str>>::new());
        for profile in &profiles {
            let states = states.iter().filter(|state| state.profile == *profile).collect();
            let verdict = rule(&Shop { profile, states, topology: &topology, settings: &settings });
            seen.push(format!("{} in {profile}", verdict.seen));
            verdict.findings().for_each(|finding| findings.entry(finding).or_default().push(profile));
        }
        let findings = findings.iter().map(|(finding, profiles)| finding.under(profiles)).collect();
        report.judge(name.replace('_', " "), seen.join(", "), findings);
    }
    Ok(())
}
