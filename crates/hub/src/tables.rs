//! Tables of which little is unused. A small one doubles when it is full; of a large one that could leave half unused, so it
//! grows by an eighth. That costs little, because the system moves large memory by moving its pages.

use slab::Slab;

/// Makes room for one more, if there is none.
pub(crate) fn make_room<T>(table: &mut Slab<T>) {
    if table.len() == table.capacity() {
        table.reserve_exact(growth(table.capacity()));
    }
}

/// Makes the list as long as this, if it is shorter.
pub(crate) fn make_longer<T: Clone + Default>(list: &mut Vec<T>, len: usize) {
    if list.len() < len {
        if list.capacity() < len {
            list.reserve_exact(growth(list.capacity()));
        }
        list.resize(len, T::default());
    }
}

/// Places to add to a table that has so many.
const fn growth(places: usize) -> usize {
    match places {
        0..4 => 4,
        4..DOUBLING_MAX => places,
        _ => places / 8,
    }
}

/// Places from which on a table is large.
const DOUBLING_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_tables_double_and_of_large_ones_at_most_a_ninth_is_unused() {
        let (mut table, mut list) = (Slab::new(), Vec::<u32>::new());
        for len in 1..20_000 {
            make_room(&mut table);
            table.insert(len);
            make_longer(&mut list, len);
            for (len, capacity) in [(table.len(), table.capacity()), (list.len(), list.capacity())]
            {
                let unused_max =
                    if capacity <= DOUBLING_MAX { len.max(4) } else { capacity / 9 + 1 };
                assert!(capacity - len <= unused_max, "{capacity} for {len}");
            }
        }
    }
}
