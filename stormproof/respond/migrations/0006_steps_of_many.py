# Steps page schedules, teams and several people; acknowledgements run out.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def move_people(apps, schema_editor):
    for step in apps.get_model("respond", "PolicyStep").objects.all():
        step.people.add(step.person_id)
    for escalation in apps.get_model("respond", "Escalation").objects.all():
        escalation.steps = [{"people": [one["id"]], "wait": one["wait"]} for one in escalation.people]
        escalation.save(update_fields=["steps"])


class Migration(migrations.Migration):

    dependencies = [("respond", "0005_incident_relations_and_duties"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField("policystep", "people", models.ManyToManyField(related_name="+", to=settings.AUTH_USER_MODEL)),
        migrations.AddField("escalation", "steps", models.JSONField(default=list)),
        migrations.RunPython(move_people, migrations.RunPython.noop),
    ]
