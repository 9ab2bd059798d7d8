Feature: The morning rush

  Scenario Outline: <cups> cups of <drink>
    Given a machine with <cups> cups of <drink>
    And the water is hot
    When I insert 200 cents
    And I choose <drink>
    Then it says "here is your <drink>"

    Examples:
      | cups | drink     |
      | 10   | espresso  |
      | 20   | coffee    |
      | 30   | chocolate |
