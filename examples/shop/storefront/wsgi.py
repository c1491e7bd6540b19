"""What gunicorn serves."""

from django.core.wsgi import get_wsgi_application

from storefront.whole import send_whole_answers

send_whole_answers()
application = get_wsgi_application()
