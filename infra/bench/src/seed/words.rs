//! The words that generated products are made of.

/// What the products of one category are made of.
pub(super) struct Range {
    /// The category.
    pub(super) slug: &'static str,
    pub(super) name: &'static str,
    pub(super) nouns: &'static [&'static str],
    pub(super) materials: &'static [&'static str],
    /// From the cheapest to the dearest.
    pub(super) variants: &'static [&'static str],
    /// Cents, from and to, of the cheapest variant.
    pub(super) price: (u64, u64),
}

pub(super) const RANGES: &[Range] = &[
    Range {
        slug: "kitchen",
        name: "Kitchen",
        nouns: &["Saucepan", "Frying Pan", "Mixing Bowl", "Colander", "Ladle", "Grater", "Kettle"],
        materials: &["Copper", "Cast Iron", "Stainless", "Enamel", "Carbon Steel"],
        variants: &["Small", "Medium", "Large"],
        price: (900, 14_900),
    },
    Range {
        slug: "tableware",
        name: "Tableware",
        nouns: &["Plate", "Bowl", "Mug", "Carafe", "Tumbler", "Serving Board", "Salad Bowl"],
        materials: &["Stoneware", "Porcelain", "Glass", "Walnut", "Olive Wood"],
        variants: &["Single", "Set of 4"],
        price: (600, 8_900),
    },
    Range {
        slug: "lighting",
        name: "Lighting",
        nouns: &["Desk Lamp", "Floor Lamp", "Pendant", "Wall Light", "Lantern"],
        materials: &["Brass", "Oak", "Linen", "Concrete", "Smoked Glass"],
        variants: &["Warm White", "Neutral White"],
        price: (2_900, 38_900),
    },
    Range {
        slug: "textiles",
        name: "Textiles",
        nouns: &["Blanket", "Cushion", "Throw", "Towel", "Curtain", "Rug", "Table Runner"],
        materials: &["Wool", "Linen", "Cotton", "Mohair", "Jute"],
        variants: &["Natural", "Slate", "Moss", "Rust"],
        price: (1_200, 24_900),
    },
    Range {
        slug: "stationery",
        name: "Stationery",
        nouns: &["Notebook", "Fountain Pen", "Pencil Case", "Desk Tray", "Letter Opener", "Ruler"],
        materials: &["Leather", "Brass", "Cork", "Birch", "Recycled Paper"],
        variants: &["Plain", "Lined", "Dotted"],
        price: (400, 9_900),
    },
    Range {
        slug: "outdoors",
        name: "Outdoors",
        nouns: &["Rucksack", "Water Bottle", "Hammock", "Camp Stool", "Head Torch", "Tarpaulin"],
        materials: &["Canvas", "Ripstop", "Titanium", "Waxed Cotton", "Aluminium"],
        variants: &["Regular", "Large"],
        price: (1_500, 29_900),
    },
    Range {
        slug: "garden",
        name: "Garden",
        nouns: &["Trowel", "Watering Can", "Planter", "Secateurs", "Bird Feeder", "Trellis"],
        materials: &["Galvanised", "Terracotta", "Ash", "Bamboo", "Zinc"],
        variants: &["Small", "Large"],
        price: (800, 11_900),
    },
    Range {
        slug: "bags",
        name: "Bags",
        nouns: &["Tote", "Satchel", "Holdall", "Washbag", "Card Wallet", "Belt Bag"],
        materials: &["Canvas", "Leather", "Felt", "Nylon", "Waxed Cotton"],
        variants: &["Black", "Tan", "Olive"],
        price: (1_900, 34_900),
    },
    Range {
        slug: "toys",
        name: "Toys",
        nouns: &["Stacking Blocks", "Pull-along Duck", "Puzzle", "Marble Run", "Kite", "Spinning Top"],
        materials: &["Beech", "Maple", "Felt", "Cardboard", "Cotton"],
        variants: &["Standard", "Extension"],
        price: (700, 7_900),
    },
    Range {
        slug: "tools",
        name: "Tools",
        nouns: &["Hand Plane", "Chisel", "Marking Gauge", "Mallet", "Screwdriver", "Try Square"],
        materials: &["Ash", "Rosewood", "Chrome Vanadium", "Brass", "Beech"],
        variants: &["6 mm", "12 mm", "25 mm"],
        price: (900, 19_900),
    },
    Range {
        slug: "bath",
        name: "Bath",
        nouns: &["Soap Dish", "Bath Mat", "Nail Brush", "Toothbrush Holder", "Bath Rack", "Mirror"],
        materials: &["Slate", "Teak", "Marble", "Bamboo", "Ceramic"],
        variants: &["Single", "Pair"],
        price: (500, 8_900),
    },
    Range {
        slug: "storage",
        name: "Storage",
        nouns: &["Basket", "Crate", "Storage Jar", "Hook Rail", "Magazine Rack", "Tin"],
        materials: &["Willow", "Pine", "Borosilicate", "Steel", "Seagrass"],
        variants: &["S", "M", "L"],
        price: (600, 12_900),
    },
];

pub(super) const COLLECTIONS: &[&str] = &[
    "Alder", "Brook", "Calder", "Dune", "Ember", "Fjord", "Glen", "Harbour", "Isle", "Juniper", "Keld", "Larch",
    "Moor", "Nordic", "Orchard", "Pebble", "Quarry", "Ridge", "Shore", "Tarn", "Upland", "Vale", "Weir", "Yarrow",
];

pub(super) const QUALITIES: &[&str] = &[
    "Made in small batches and meant to be used every day.",
    "Simple lines, honest material, and nothing that can break.",
    "Easy to clean, easy to repair, and better with age.",
    "Designed with the people who use it for a living.",
    "Light enough to carry, solid enough to keep.",
];
