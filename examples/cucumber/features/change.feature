Feature: Change

  Scenario Outline: After one espresso
    Given a machine with 1 cup of espresso
    When I insert <coin> cents
    And I insert 100 cents
    And I choose espresso
    Then my change is <change>

    Examples:
      | coin | change          |
      | 50   | 20, 10          |
      | 100  | 50, 20, 10      |
      | 200  | 100, 50, 20, 10 |
