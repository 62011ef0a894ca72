#!/usr/bin/python3
"""Checks JSON against docs/openapi.yaml.

openapi.py NAME < json   is it valid against the schema of that name?
openapi.py --check       is the document itself sound?
openapi.py --json        writes the document as JSON

Exits with 1 and tells the errors, if there are any.
"""

import json
import os
import sys

import jsonschema
import yaml

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        '..', '..', 'docs', 'openapi.yaml')


class UniqueLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(k, deep=True) for k, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError('{}: "{}" stands twice'.format(
                    node.start_mark, key))
        return super().construct_mapping(node, deep)


def unique(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError('a name stands twice in {}'.format(
            [name for name, _ in pairs]))
    return value


def constant(name):
    raise ValueError(name + ' is not JSON')


def read_json(stream):
    return json.loads(stream.buffer.read().decode(),
                      object_pairs_hook=unique, parse_constant=constant)


def load():
    with open(DOCUMENT, encoding='utf-8') as f:
        return yaml.load(f, Loader=UniqueLoader)


def pointer(path):
    return ''.join('/' + str(p).replace('~', '~0').replace('/', '~1')
                   for p in path)


def tell(error, depth=0):
    print('{}{}: {}'.format('  ' * depth, pointer(error.absolute_path) or '""',
                            error.message))
    for cause in error.context:
        tell(cause, depth + 1)


def validate(document, name, value):
    if name not in document['components']['schemas']:
        sys.exit('docs/openapi.yaml has no schema "{}"'.format(name))

    validator = jsonschema.Draft202012Validator(
        {'$ref': '#/components/schemas/' + name,
         'components': document['components']})

    errors = list(validator.iter_errors(value))
    for error in errors:
        tell(error)
    return not errors


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get('$ref'), str):
            yield value['$ref']
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from references(member)


def resolves(document, reference):
    value = document
    for part in reference.split('/')[1:]:
        value = value.get(part) if isinstance(value, dict) else None
    return reference.startswith('#/') and value is not None


def check(document):
    errors = []
    if not str(document.get('openapi')).startswith('3.1.'):
        errors.append('openapi: 3.1 was expected')

    for name, schema in document['components']['schemas'].items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as e:
            errors.append('{}: {}'.format(name, e.message))

    errors += ['nothing is at ' + r for r in references(document)
               if not resolves(document, r)]

    for error in errors:
        print(error)
    return not errors


def main():
    if len(sys.argv) != 2:
        sys.stderr.write(__doc__)
        return 2

    document = load()

    if sys.argv[1] == '--json':
        json.dump(document, sys.stdout)
        return 0

    if sys.argv[1] == '--check':
        return 0 if check(document) else 1

    return 0 if validate(document, sys.argv[1], read_json(sys.stdin)) else 1


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (ValueError, RecursionError) as e:
        sys.exit('openapi.py: {}'.format(e))
