"""Well-known vendors of shops and where each says how it is. Addresses as published by the vendors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A vendor: its name, what shops need it for, the form of its feed (statuspage, google, feed) and where it is."""

    title: str
    group: str
    form: str
    url: str


def _page(title: str, group: str, host: str) -> Vendor:
    return Vendor(title=title, group=group, form="statuspage", url=f"https://{host}/api/v2/summary.json")


def _feed(title: str, group: str, url: str) -> Vendor:
    return Vendor(title=title, group=group, form="feed", url=url)


PAY, CLOUD, EDGE, MAIL, SHOP, PARCEL, HELP, TAX = (
    *("Payments", "Hosting", "Network edge", "Messages", "Shop", "Shipping", "Customer service", "Tax"),
)
VENDORS: dict[str, Vendor] = {
    "stripe": _page("Stripe", PAY, "www.stripestatus.com"),
    "paypal": _feed("PayPal", PAY, "https://www.paypal-status.com/feed/rss"),
    "adyen": _page("Adyen", PAY, "status.adyen.com"),
    "klarna": _page("Klarna", PAY, "status.klarna.com"),
    "mollie": _page("Mollie", PAY, "status.mollie.com"),
    "square": _page("Square", PAY, "www.issquareup.com"),
    "gocardless": _page("GoCardless", PAY, "www.gocardless-status.com"),
    "aws": _feed("Amazon Web Services", CLOUD, "https://status.aws.amazon.com/rss/all.rss"),
    "google-cloud": Vendor(
        title="Google Cloud", group=CLOUD, form="google", url="https://status.cloud.google.com/incidents.json"
    ),
    "azure": _feed("Microsoft Azure", CLOUD, "https://azure.status.microsoft/en-us/status/feed/"),
    "digitalocean": _page("DigitalOcean", CLOUD, "status.digitalocean.com"),
    "hetzner": _feed("Hetzner", CLOUD, "https://status.hetzner.com/en.atom"),
    "vercel": _page("Vercel", CLOUD, "www.vercel-status.com"),
    "netlify": _page("Netlify", CLOUD, "www.netlifystatus.com"),
    "cloudflare": _page("Cloudflare", EDGE, "www.cloudflarestatus.com"),
    "fastly": _page("Fastly", EDGE, "status.fastly.com"),
    "twilio": _page("Twilio", MAIL, "status.twilio.com"),
    "sendgrid": _page("SendGrid", MAIL, "status.sendgrid.com"),
    "mailgun": _page("Mailgun", MAIL, "status.mailgun.com"),
    "klaviyo": _page("Klaviyo", MAIL, "status.klaviyo.com"),
    "shopify": _page("Shopify", SHOP, "www.shopifystatus.com"),
    "bigcommerce": _page("BigCommerce", SHOP, "status.bigcommerce.com"),
    "cloudinary": _page("Cloudinary", SHOP, "status.cloudinary.com"),
    "contentful": _page("Contentful", SHOP, "www.contentfulstatus.com"),
    "github": _page("GitHub", SHOP, "www.githubstatus.com"),
    "shipengine": _page("ShipEngine", PARCEL, "status.shipengine.com"),
    "shippo": _page("Shippo", PARCEL, "status.goshippo.com"),
    "sendcloud": _page("Sendcloud", PARCEL, "status.sendcloud.com"),
    "easypost": _page("EasyPost", PARCEL, "www.easypoststatus.com"),
    "intercom": _page("Intercom", HELP, "www.intercomstatus.com"),
    "hubspot": _page("HubSpot", HELP, "status.hubspot.com"),
    "avalara": _page("Avalara", TAX, "status.avalara.com"),
    "taxjar": _page("TaxJar", TAX, "status.taxjar.com"),
}
