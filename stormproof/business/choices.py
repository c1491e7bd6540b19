"""The words of `business`: kinds of nodes, types of assets, services that suppliers render."""

from __future__ import annotations

from django.db import models


class Kind(models.TextChoices):
    """What a node of the business is."""

    FUNCTION = "function", "Function"
    ASSET = "asset", "Asset"
    SUPPLIER = "supplier", "Supplier"
    SITE = "site", "Site"


class AssetType(models.TextChoices):
    """What an asset is; decides which procedures and probes are offered for it."""

    DATABASE = "database", "Database"
    WEB = "web", "Web server"
    LOAD_BALANCER = "load-balancer", "Load balancer"
    SERVER = "server", "Server"
    STORAGE = "storage", "Storage"
    QUEUE = "queue", "Queue"
    CACHE = "cache", "Cache"
    MAIL = "mail", "Mail server"
    NETWORK = "network", "Network"
    DNS = "dns", "Name service"
    CERTIFICATE = "certificate", "Certificate"
    APPLICATION = "application", "Application"
    EQUIPMENT = "equipment", "Equipment"
    DATA = "data", "Data"
    OTHER = "other", "Other"


class Service(models.TextChoices):
    """What a supplier does for the shop."""

    PAYMENT = "payment", "Payment"
    HOSTING = "hosting", "Hosting"
    PLATFORM = "platform", "Shop platform"
    CDN = "cdn", "Content delivery"
    DNS = "dns", "Name service"
    MAIL = "mail", "E-mail"
    SHIPPING = "shipping", "Shipping"
    SEARCH = "search", "Search"
    CHAT = "chat", "Chat and help desk"
    ANALYTICS = "analytics", "Analytics"
    TAGS = "tags", "Tag manager"
    ADVERTISING = "advertising", "Advertising"
    REVIEWS = "reviews", "Reviews"
    CONSENT = "consent", "Consent management"
    FONTS = "fonts", "Fonts and libraries"
    MEDIA = "media", "Pictures and video"
    FRAUD = "fraud", "Fraud protection"
    MONITORING = "monitoring", "Monitoring"
    GOODS = "goods", "Goods"
    OTHER = "other", "Other"


class Source(models.TextChoices):
    """Where a revenue profile comes from."""

    HAND = "hand", "Set by hand"
    ORDERS = "orders", "Imported from orders"


class Door(models.TextChoices):
    """Through which door a document was applied."""

    COMMAND = "command", "Command line"
    PAGE = "page", "Console"
    API = "api", "API"
