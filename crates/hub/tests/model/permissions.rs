//! What a client hears of its permissions.

use crate::support::heard::Heard;
use crate::support::setting::Setting;
use crate::support::world::World;

#[test]
fn who_resumes_with_other_permissions_hears_of_it_right_away() {
    for (worker, was_granted, is_granted) in
        [(0, true, false), (1, true, false), (0, false, true), (1, false, true), (1, true, true)]
    {
        let mut world = World::new(Setting::small(2, 100_000, 100, 10), 1);
        world.clients[0].is_granted = was_granted;
        world.arrive(0, 0);
        world.settle();
        world.say_subscribe(0, "chat:a");
        world.settle();
        world.drop_link(0, false);
        world.clients[0].is_granted = is_granted;
        world.arrive(0, worker);
        world.settle();
        let mut log = world.clients[0].log.iter();
        let is_resumed =
            log.any(|heard| matches!(**heard, Heard::Connected { is_resumed: true, .. }));
        assert!(is_resumed, "on worker {worker}");
        let next = log.next().expect("it is subscribed again at least");
        let has_changed = matches!(**next, Heard::PermissionsChanged);
        assert_eq!(has_changed, was_granted != is_granted, "{next:?} on worker {worker}");
    }
}
