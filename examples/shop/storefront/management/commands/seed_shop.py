"""Fills an empty shop: country, site, categories, products, pictures, stock, the search index."""

from django.contrib.sites.models import Site
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction
from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.core.loading import get_model

from storefront.catalogue import items
from storefront.drawings import picture
from storefront.models import PaymentSetting

STOCK = 25_000


class Command(BaseCommand):
    help = "Fill an empty shop with products (does nothing to one that has some)"

    def handle(self, *args: object, **options: object) -> None:
        if get_model("catalogue", "Product").objects.exists():
            return
        with transaction.atomic():
            self.seed()
        call_command("rebuild_index", interactive=False, verbosity=0)

    def seed(self) -> None:
        Site.objects.update_or_create(pk=1, defaults={"domain": "harbour-outdoor.example", "name": "Harbour Outdoor"})
        PaymentSetting.objects.get_or_create(only=True)
        for code, name in (("DE", "Germany"), ("NL", "Netherlands"), ("DK", "Denmark")):
            get_model("address", "Country").objects.update_or_create(
                iso_3166_1_a2=code,
                defaults={"name": name, "printable_name": name, "is_shipping_country": True, "display_order": 1},
            )
        partner, _ = get_model("partner", "Partner").objects.get_or_create(name="Harbour warehouse")
        for item in items():
            self.add(item, partner)

    def add(self, item, partner) -> None:
        kind, _ = get_model("catalogue", "ProductClass").objects.get_or_create(
            name=item.shelf.product_class, defaults={"requires_shipping": True, "track_stock": True}
        )
        product = get_model("catalogue", "Product").objects.create(
            title=item.title, upc=item.upc, description=item.description, product_class=kind, structure="standalone"
        )
        category = create_from_breadcrumbs(item.shelf.name)
        if not category.description:
            category.description = item.shelf.text
            category.save()
        product.categories.add(category)
        get_model("partner", "StockRecord").objects.create(
            product=product,
            partner=partner,
            partner_sku=item.upc,
            price=item.price,
            price_currency="EUR",
            num_in_stock=STOCK,
        )
        image = get_model("catalogue", "ProductImage")(product=product, caption=item.title)
        image.original.save(f"{item.upc}.jpg", ContentFile(picture(item.shelf.drawing, item.title)))
