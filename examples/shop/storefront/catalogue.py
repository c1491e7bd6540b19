"""What Harbour Outdoor sells: categories, product classes, sixty products. Names, texts and prices are our own."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Shelf:
    """A category, the class of what is on it, the drawing that stands for it, and its products."""

    name: str
    product_class: str
    drawing: str
    text: str
    products: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Item:
    """One product."""

    upc: str
    title: str
    description: str
    price: Decimal
    shelf: Shelf


SHELVES = (
    Shelf(
        "Tents and shelter",
        "Shelter",
        "tent",
        "Pitched on dykes in a force seven before it came to the shop.",
        (
            ("Skerry 1 solo tent", "289.00", "One person, 1.1 kg, up in four minutes with gloves on."),
            ("Skerry 2 tent", "379.00", "Two people and two packs. Outer first pitch keeps the inside dry."),
            ("Skerry 3 family tent", "459.00", "Standing room at the door and a porch for wet boots."),
            ("Lee tarp 3x3", "119.00", "Sixteen tie points and a ridge that never sags."),
            ("Lee tarp 4x4", "149.00", "The whole kitchen under one roof."),
            ("Marsh bivvy bag", "139.00", "Breathes on three layers, shuts with a magnet."),
            ("Dune groundsheet", "39.00", "Cut to the Skerry 2, pegs included."),
            ("Storm peg set", "24.50", "Ten Y-pegs that hold in sand."),
            ("Guy line kit", "17.90", "Reflective, 20 m, eight runners."),
            ("Halyard hammock", "89.00", "Holds 160 kg, packs to a fist."),
        ),
    ),
    Shelf(
        "Backpacks",
        "Luggage",
        "pack",
        "Carried, overloaded, dropped in the harbour, dried, carried again.",
        (
            ("Tidal 18 day pack", "69.00", "For a coat, lunch and a book."),
            ("Tidal 28 pack", "99.00", "A long day, or a short night in a hut."),
            ("Ebb 45 trekking pack", "179.00", "Frame of recycled aluminium, adjustable back."),
            ("Ebb 60 trekking pack", "209.00", "A week of food and still a hand free."),
            ("Pilot messenger bag", "79.00", "Laptop, umbrella, dignity."),
            ("Roll top dry bag 10", "22.00", "Welded seams, floats when shut."),
            ("Roll top dry bag 30", "34.00", "Takes a sleeping bag and clothes."),
            ("Deck duffel 50", "119.00", "Straps on four sides, lid that locks."),
            ("Hip pack 4", "39.00", "Map, knife, phone, sandwich."),
            ("Rain cover M", "19.00", "In signal orange, so that you find it."),
        ),
    ),
    Shelf(
        "Sleep",
        "Bedding",
        "bag",
        "Warm first, light second. Filled in the next street.",
        (
            ("Eider 0 sleeping bag", "299.00", "Down, comfort at 0 degrees, 980 g."),
            ("Eider -8 sleeping bag", "389.00", "For frost on the inside of the tent."),
            ("Moor 5 synthetic bag", "149.00", "Stays warm when wet, because it will be."),
            ("Reed mat", "89.00", "Insulated, R 4.2, inflates with its own sack."),
            ("Reed mat wide", "109.00", "For those who turn over."),
            ("Foam mat", "29.00", "Cannot puncture. Also a chair."),
            ("Silk liner", "59.00", "Two degrees warmer and ever so civilised."),
            ("Wool blanket", "95.00", "Heavy, honest, woven on Foehr."),
            ("Travel pillow", "24.00", "Air inside, brushed cotton outside."),
            ("Repair kit for mats", "9.50", "Six patches, glue, patience."),
        ),
    ),
    Shelf(
        "Kitchen",
        "Cookware",
        "pot",
        "Hot food, no matter what the weather thinks.",
        (
            ("Gull gas stove", "54.00", "Boils a litre in 3:20, folds flat."),
            ("Gull wind stove", "129.00", "Burner and pot in one, for wind over 40 km/h."),
            ("Spirit burner", "34.00", "Brass. Nothing to break."),
            ("Pot set 2", "49.00", "1.6 and 1.0 litres, lids that strain."),
            ("Pan 24", "36.00", "Ceramic, folding handle."),
            ("Enamel mug", "12.90", "Chips beautifully."),
            ("Vacuum flask 1 l", "39.00", "Hot for a watch, warm for two."),
            ("Spork set", "9.90", "Four, titanium grey."),
            ("Folding bowl", "14.00", "Two litres, flat as a plate."),
            ("Water filter", "69.00", "0.1 micron, a litre a minute."),
            ("Cool bag 15", "45.00", "A day of cold fish."),
            ("Coffee dripper", "19.00", "Steel mesh, no papers."),
        ),
    ),
    Shelf(
        "Clothing",
        "Clothing",
        "coat",
        "Waterproof is a number here: 20,000 mm and a long walk.",
        (
            ("Breakwater coat", "249.00", "Three layers, two-way zip, a hood that turns with you."),
            ("Breakwater trousers", "169.00", "Side zips to the hip."),
            ("Fog jumper", "119.00", "Merino from Texel, knitted in one piece."),
            ("Deck fleece", "79.00", "Recycled, brushed inside."),
            ("Base layer top", "59.00", "Merino 180, does not smell on day four."),
            ("Base layer leggings", "55.00", "Flat seams, high waist."),
            ("Watch cap", "24.00", "Ribbed wool, seven colours of grey."),
            ("Sou'wester", "32.00", "The original. Nothing beats it."),
            ("Rope gloves", "29.00", "Goat leather, grips wet."),
            ("Wool socks", "18.00", "Two pairs, cushioned."),
        ),
    ),
    Shelf(
        "Light and navigation",
        "Instruments",
        "lamp",
        "To see, to be seen, and to find the way home.",
        (
            ("Beacon head torch", "59.00", "400 lumens, red light, charges by USB-C."),
            ("Storm lantern", "49.00", "LED in an old shape, 60 hours."),
            ("Base plate compass", "34.00", "Declination adjustable, tritium free."),
            ("Tide clock", "89.00", "Two tides a day, no batteries lost."),
            ("Coast map 1:50000", "14.90", "Waterproof, with the mudflat paths."),
            ("Map case", "19.00", "Clear on both sides."),
            ("Signal whistle", "6.50", "115 decibels, no pea."),
            ("Solar panel 10 W", "79.00", "Hangs on a pack, fills a phone by noon."),
        ),
    ),
)


def items() -> list[Item]:
    """Every product, numbered."""
    found = []
    for shelf_number, shelf in enumerate(SHELVES, start=1):
        for number, (title, price, text) in enumerate(shelf.products, start=1):
            found.append(
                Item(
                    f"HO-{shelf_number}{number:02d}", title, f"<p>{text}</p><p>{shelf.text}</p>", Decimal(price), shelf
                )
            )
    return found
