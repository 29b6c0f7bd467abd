def find_numbers(text):
    return []
